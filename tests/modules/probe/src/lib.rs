//! The module behind the recordings of the wire: players to change, one row of many types, and rows in bulk.

use spacetimedb::{
    log, reducer, table, ConnectionId, Identity, ReducerContext, ScheduleAt, SpacetimeType, Table,
    TimeDuration, Timestamp,
};

#[derive(SpacetimeType, Clone, Debug)]
pub enum Shape {
    Dot,
    Circle(f64),
    Rect(Size),
}

#[derive(SpacetimeType, Clone, Debug)]
pub struct Size {
    pub w: f32,
    pub h: f32,
}

#[derive(SpacetimeType, Clone, Debug, PartialEq, Eq)]
pub enum Color {
    Red,
    Green,
}

#[table(name = player, public)]
pub struct Player {
    #[primary_key]
    #[auto_inc]
    id: u64,
    #[unique]
    name: String,
    #[index(btree)]
    level: u32,
    owner: Identity,
    conn: Option<ConnectionId>,
    at: Timestamp,
    color: Color,
}

#[table(name = every, public)]
pub struct Every {
    a: u8,
    b: i128,
    c: f32,
    d: f64,
    e: Vec<u8>,
    f: Vec<String>,
    g: Option<u64>,
    shape: Shape,
    dur: TimeDuration,
    sched: ScheduleAt,
    ok: bool,
    big: u64,
    by: Vec<Shape>,
    un: Option<Option<i32>>,
    u256: spacetimedb::sats::u256,
}

#[table(name = bulk, public)]
pub struct Bulk {
    #[primary_key]
    id: u64,
    name: String,
    x: f64,
    y: f64,
    tag: u32,
}

#[reducer]
pub fn create_player(ctx: &ReducerContext, name: String) -> Result<(), String> {
    if name.is_empty() {
        return Err("name must not be empty".into());
    }
    ctx.db
        .player()
        .try_insert(Player {
            id: 0,
            name,
            level: 1,
            owner: ctx.sender,
            conn: ctx.connection_id,
            at: ctx.timestamp,
            color: Color::Green,
        })
        .map(|_| ())
        .map_err(|e| e.to_string())
}

#[reducer]
pub fn level_up(ctx: &ReducerContext, id: u64) -> Result<(), String> {
    let p = ctx.db.player().id().find(id).ok_or("no such player")?;
    ctx.db.player().id().update(Player {
        level: p.level + 1,
        ..p
    });
    Ok(())
}

#[reducer]
pub fn put_every(
    ctx: &ReducerContext,
    shape: Shape,
    opt: Option<u64>,
    d: f64,
    by: Vec<u8>,
    big: u64,
    sz: Size,
) {
    log::info!("{:?}", sz);
    ctx.db.every().insert(Every {
        a: 1,
        b: -170141183460469231731687303715884105728,
        c: 0.1,
        d,
        e: by,
        f: vec!["a\"b\u{1F600}".into()],
        g: opt,
        shape: shape.clone(),
        dur: TimeDuration::from_micros(5),
        sched: ScheduleAt::Interval(TimeDuration::from_micros(7)),
        ok: true,
        big,
        by: vec![shape, Shape::Dot, Shape::Rect(sz)],
        un: Some(None),
        u256: 5u8.into(),
    });
}

#[reducer]
pub fn fill(ctx: &ReducerContext, start: u64, n: u64) {
    for i in start..start + n {
        ctx.db.bulk().insert(Bulk {
            id: i,
            name: format!("name-{i}"),
            x: i as f64 * 0.5,
            y: -(i as f64),
            tag: (i % 97) as u32,
        });
    }
}

#[reducer]
pub fn bump(ctx: &ReducerContext, start: u64, n: u64) {
    for i in start..start + n {
        if let Some(b) = ctx.db.bulk().id().find(i) {
            ctx.db.bulk().id().update(Bulk { x: b.x + 1.0, ..b });
        }
    }
}

#[reducer]
pub fn boom(_ctx: &ReducerContext) {
    panic!("boom")
}
