//! What modules for servers of 2.x can have: names that the server converts or the module sets, views of each kind with
//! and without a primary key, event tables, procedures with and without a transaction, `Result` and `Uuid`, row-level
//! security, and a schedule.

#![allow(non_snake_case)]

use spacetimedb::{
    client_visibility_filter, procedure, reducer, table, view, AnonymousViewContext, Filter, Identity,
    ProcedureContext, Query, ReducerContext, ScheduleAt, SpacetimeType, Table, Timestamp, Uuid, ViewContext,
};

// --- names ------------------------------------------------------------------------------------------------------------

/// The server calls it `player_1`, and its columns `player_1_id`, `last_name_2` and `u_8_value`.
#[table(accessor = player1, public)]
#[derive(Clone)]
pub struct Player1 {
    #[primary_key]
    player1Id: u64,
    #[unique]
    lastName2: String,
    #[index(btree)]
    u8_value: u8,
}

/// The same in the module's words and in the server's.
#[table(accessor = player_1_copy, public)]
pub struct PlayerCopy {
    #[primary_key]
    id: u64,
}

/// The server calls it `level_2_people`.
#[table(accessor = Level2People, public, index(accessor = byLevelAndRank, btree(columns = [level, rankNo])))]
#[derive(Clone)]
pub struct Level2Person {
    #[primary_key]
    #[auto_inc]
    id: u64,
    #[index(hash)]
    owner: Identity,
    level: u32,
    rankNo: u32,
    rank: Rank,
}

/// The module sets the name that the server uses.
#[table(accessor = badge, name = "BadgeTable", public)]
pub struct Badge {
    #[primary_key]
    id: Uuid,
    #[index(btree)]
    rank: Rank,
    result: Result<u32, String>,
    maybe: Option<Uuid>,
    shape: Shape2D,
}

#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq)]
pub enum Rank {
    FirstClass,
    Second2,
    HTTPOnly,
}

#[derive(SpacetimeType, Clone, Debug, PartialEq)]
pub enum Shape2D {
    Nothing,
    PointAt(Point2D),
    Named(String),
}

#[derive(SpacetimeType, Clone, Debug, PartialEq)]
pub struct Point2D {
    x1: i32,
    yAxis: i32,
}

#[reducer]
pub fn create_player1(ctx: &ReducerContext, player1Id: u64, lastName2: String, u8_value: u8) -> Result<(), String> {
    let player = Player1 { player1Id, lastName2, u8_value };
    ctx.db.player1().try_insert(player).map_err(|error| error.to_string())?;
    ctx.db.player_1_copy().insert(PlayerCopy { id: player1Id });
    Ok(())
}

#[reducer]
pub fn AddLevel2Person(ctx: &ReducerContext, level: u32, rankNo: u32, rank: Rank) {
    let owner = ctx.sender();
    ctx.db.Level2People().insert(Level2Person { id: 0, owner, level, rankNo, rank });
}

#[reducer(name = "PromotePerson")]
pub fn promote(ctx: &ReducerContext, id: u64) -> Result<(), String> {
    let person = ctx.db.Level2People().id().find(id).ok_or("no such person")?;
    ctx.db.Level2People().id().update(Level2Person { level: person.level + 1, ..person });
    Ok(())
}

#[reducer]
pub fn put_badge(
    ctx: &ReducerContext,
    id: Uuid,
    rank: Rank,
    result: Result<u32, String>,
    maybe: Option<Uuid>,
    shape: Shape2D,
) {
    ctx.db.badge().id().delete(id);
    ctx.db.badge().insert(Badge { id, rank, result, maybe, shape });
}

// --- views ------------------------------------------------------------------------------------------------------------

#[view(accessor = all_people, public)]
pub fn all_people(ctx: &AnonymousViewContext) -> impl Query<Level2Person> {
    ctx.from.Level2People().build()
}

#[view(accessor = myPeople2, public)]
pub fn myPeople2(ctx: &ViewContext) -> Vec<Level2Person> {
    ctx.db.Level2People().owner().filter(ctx.sender()).collect()
}

#[view(accessor = keyedPlayers2, public, primary_key = player1Id)]
pub fn keyedPlayers2(ctx: &ViewContext) -> Vec<Player1> {
    ctx.db.player1().u8_value().filter(0u8..).collect()
}

#[view(accessor = first_player, name = "TheFirst", public)]
pub fn first_player(ctx: &ViewContext) -> Option<Player1> {
    ctx.db.player1().player1Id().find(1)
}

#[view(accessor = points, public)]
pub fn points(ctx: &AnonymousViewContext) -> Vec<Point2D> {
    ctx.db.player1().u8_value().filter(0u8..).map(|row| Point2D { x1: row.u8_value as i32, yAxis: 7 }).collect()
}

// --- event tables, row-level security, a schedule ------------------------------------------------------------------------

#[table(accessor = goalScored, public, event)]
pub struct GoalScored {
    by: u64,
    at: Timestamp,
}

#[reducer]
pub fn score(ctx: &ReducerContext, by: u64) {
    ctx.db.goalScored().insert(GoalScored { by, at: ctx.timestamp });
}

#[table(accessor = private_note, public)]
pub struct PrivateNote {
    #[primary_key]
    #[auto_inc]
    id: u64,
    owner: Identity,
    text: String,
}

#[client_visibility_filter]
const OWN_NOTES: Filter = Filter::Sql("SELECT * FROM private_note WHERE owner = :sender");

#[reducer]
pub fn write_note(ctx: &ReducerContext, text: String) {
    ctx.db.private_note().insert(PrivateNote { id: 0, owner: ctx.sender(), text });
}

#[table(accessor = halfTime2, public, scheduled(blowWhistle2))]
pub struct HalfTime2 {
    #[primary_key]
    #[auto_inc]
    id: u64,
    scheduled_at: ScheduleAt,
    text: String,
}

#[reducer]
pub fn blowWhistle2(ctx: &ReducerContext, timer: HalfTime2) {
    ctx.db.private_note().insert(PrivateNote { id: 0, owner: ctx.database_identity(), text: timer.text });
}

#[reducer]
pub fn set_whistle(ctx: &ReducerContext, at: ScheduleAt, text: String) {
    ctx.db.halfTime2().insert(HalfTime2 { id: 0, scheduled_at: at, text });
}

#[reducer(client_connected)]
pub fn onJoin2(_ctx: &ReducerContext) {}

// --- procedures -------------------------------------------------------------------------------------------------------

#[procedure]
pub fn echo2Result(_ctx: &mut ProcedureContext, value: Result<Uuid, String>) -> Result<Uuid, String> {
    value
}

#[procedure(name = "countPlayers")]
pub fn count_players(ctx: &mut ProcedureContext) -> u64 {
    ctx.with_tx(|tx| tx.db.player1().count())
}

#[procedure]
pub fn add_player(ctx: &mut ProcedureContext, id: u64, lastName2: String) -> Result<u64, String> {
    ctx.try_with_tx(|tx| {
        let player = Player1 { player1Id: id, lastName2: lastName2.clone(), u8_value: 0 };
        tx.db.player1().try_insert(player).map(|row| row.player1Id).map_err(|error| error.to_string())
    })
}
