//! Edge cases of the wire: odd floats, joins in which rows have a multiplicity, delete and re-insert in one
//! transaction, row-level security, scheduled reducers, and a `client_connected` that rejects.

use spacetimedb::{
    client_visibility_filter, reducer, table, ConnectionId, Filter, Identity, ReducerContext,
    ScheduleAt, Table, TimeDuration, Timestamp,
};

#[table(name = reading, public)]
pub struct Reading {
    label: String,
    a: f64,
    b: f32,
    seen: Vec<f64>,
    maybe: Option<f32>,
}

#[table(name = left, public)]
pub struct Left {
    #[primary_key]
    id: u32,
    tag: u32,
}

#[table(name = right, public)]
pub struct Right {
    #[primary_key]
    id: u32,
    #[index(btree)]
    left_id: u32,
    note: String,
}

#[table(name = own, public)]
pub struct Own {
    #[primary_key]
    owner: Identity,
    word: String,
}

#[client_visibility_filter]
const OWN_ONLY: Filter = Filter::Sql("SELECT * FROM own WHERE owner = :sender");

#[table(name = alarm, public, scheduled(ring))]
pub struct Alarm {
    #[primary_key]
    #[auto_inc]
    id: u64,
    scheduled_at: ScheduleAt,
    what: String,
}

#[table(name = rung, public)]
pub struct Rung {
    what: String,
    at: Timestamp,
    by: Option<ConnectionId>,
}

#[table(name = closed)]
pub struct Closed {
    #[primary_key]
    id: u8,
}

#[reducer(client_connected)]
pub fn connected(ctx: &ReducerContext) -> Result<(), String> {
    if ctx.db.closed().id().find(1).is_some() {
        return Err("the house is closed".into());
    }
    Ok(())
}

#[reducer]
pub fn close_house(ctx: &ReducerContext) {
    ctx.db.closed().insert(Closed { id: 1 });
}

#[reducer]
pub fn put_odd_floats(ctx: &ReducerContext) {
    for (label, a) in [
        ("nan", f64::NAN),
        ("inf", f64::INFINITY),
        ("-inf", f64::NEG_INFINITY),
        ("-0", -0.0),
        ("0", 0.0),
        ("min", f64::MIN_POSITIVE),
        ("sub", 5e-324),
        ("max", f64::MAX),
        ("third", 1.0 / 3.0),
    ] {
        ctx.db.reading().insert(Reading {
            label: label.into(),
            a,
            b: a as f32,
            seen: vec![a, 1.0],
            maybe: Some(a as f32),
        });
    }
}

#[reducer]
pub fn drop_readings(ctx: &ReducerContext) {
    for r in ctx.db.reading().iter() {
        ctx.db.reading().delete(r);
    }
}

#[reducer]
pub fn pair(ctx: &ReducerContext, id: u32, tag: u32, rights: u32) {
    ctx.db.left().insert(Left { id, tag });
    for i in 0..rights {
        ctx.db.right().insert(Right {
            id: id * 100 + i,
            left_id: id,
            note: format!("n{i}"),
        });
    }
}

#[reducer]
pub fn unpair_one(ctx: &ReducerContext, right: u32) {
    ctx.db.right().id().delete(right);
}

#[reducer]
pub fn retag(ctx: &ReducerContext, id: u32, tag: u32) {
    ctx.db.left().id().update(Left { id, tag });
}

#[reducer]
pub fn swap_left(ctx: &ReducerContext, old: u32, new: u32) {
    ctx.db.left().id().delete(old);
    ctx.db.left().insert(Left { id: new, tag: 0 });
}

#[reducer]
pub fn delete_and_reinsert(ctx: &ReducerContext, id: u32) {
    if let Some(l) = ctx.db.left().id().find(id) {
        ctx.db.left().id().delete(id);
        ctx.db.left().insert(l);
    }
}

#[reducer]
pub fn say(ctx: &ReducerContext, word: String) {
    ctx.db.own().owner().delete(ctx.sender);
    ctx.db.own().insert(Own {
        owner: ctx.sender,
        word,
    });
}

#[reducer]
pub fn set_alarms(ctx: &ReducerContext) {
    ctx.db.alarm().insert(Alarm {
        id: 0,
        scheduled_at: ScheduleAt::Time(ctx.timestamp + TimeDuration::from_micros(200_000)),
        what: "once".into(),
    });
    ctx.db.alarm().insert(Alarm {
        id: 0,
        scheduled_at: ScheduleAt::Interval(TimeDuration::from_micros(60_000_000)),
        what: "each minute".into(),
    });
}

#[reducer]
pub fn ring(ctx: &ReducerContext, alarm: Alarm) {
    ctx.db.rung().insert(Rung {
        what: alarm.what,
        at: ctx.timestamp,
        by: ctx.connection_id,
    });
}
