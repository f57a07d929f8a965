//! A small game: players who move, score and level up, and a chat.

use spacetimedb::{reducer, table, Identity, ReducerContext, SpacetimeType, Table, Timestamp};

/// A place on the map.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq)]
pub struct Position {
    pub x: f32,
    pub y: f32,
}

/// What a player is doing right now.
#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq)]
pub enum Activity {
    Idle,
    /// Scoring this many points.
    Score(u32),
    /// On the way to this place.
    Move(Position),
}

#[derive(SpacetimeType, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Team {
    Red,
    Blue,
}

#[table(name = player, public)]
pub struct Player {
    #[primary_key]
    #[auto_inc]
    pub id: u64,
    #[unique]
    pub name: String,
    #[index(btree)]
    pub level: u32,
    pub owner: Identity,
    pub online: bool,
    pub status: Option<String>,
    pub position: Position,
    pub activity: Activity,
    pub team: Team,
    pub joined_at: Timestamp,
}

/// The chat. Messages have no key: they are written once and never change.
#[table(name = message, public)]
pub struct Message {
    pub sender: Identity,
    pub sent: Timestamp,
    pub text: String,
}

/// Runs when a client connects; an `Err` would turn the client away.
#[reducer(client_connected)]
pub fn client_connected(ctx: &ReducerContext) {
    set_online(ctx, true);
}

/// Runs when a client disconnects, even if its connection just broke.
///
/// To keep the game small, connections are not counted: a user with two of them goes offline when the first ends.
#[reducer(client_disconnected)]
pub fn client_disconnected(ctx: &ReducerContext) {
    set_online(ctx, false);
}

/// Adds a player who belongs to the caller. Players join the two teams in turn.
#[reducer]
pub fn create_player(ctx: &ReducerContext, name: String) -> Result<(), String> {
    if name.is_empty() {
        return Err("name must not be empty".to_string());
    }
    if ctx.db.player().name().find(&name).is_some() {
        return Err("name taken".to_string());
    }
    let team = if ctx.db.player().count() % 2 == 0 {
        Team::Red
    } else {
        Team::Blue
    };
    ctx.db.player().insert(Player {
        id: 0, // the database puts the next number here
        name,
        level: 1,
        owner: ctx.sender,
        online: true,
        status: None,
        position: Position { x: 0.0, y: 0.0 },
        activity: Activity::Idle,
        team,
        joined_at: ctx.timestamp,
    });
    Ok(())
}

#[reducer]
pub fn level_up(ctx: &ReducerContext, id: u64) -> Result<(), String> {
    change_player(ctx, id, |player| player.level += 1)
}

/// Shows a line of text beside the player's name; `None` takes it away.
#[reducer]
pub fn set_status(ctx: &ReducerContext, id: u64, status: Option<String>) -> Result<(), String> {
    change_player(ctx, id, |player| player.status = status)
}

#[reducer]
pub fn move_to(ctx: &ReducerContext, id: u64, position: Position) -> Result<(), String> {
    change_player(ctx, id, |player| player.position = position)
}

#[reducer]
pub fn do_activity(ctx: &ReducerContext, id: u64, activity: Activity) -> Result<(), String> {
    change_player(ctx, id, |player| player.activity = activity)
}

#[reducer]
pub fn send_message(ctx: &ReducerContext, text: String) {
    ctx.db.message().insert(Message {
        sender: ctx.sender,
        sent: ctx.timestamp,
        text,
    });
}

#[reducer]
pub fn delete_player(ctx: &ReducerContext, id: u64) -> Result<(), String> {
    if !ctx.db.player().id().delete(id) {
        return Err(no_such_player(id));
    }
    Ok(())
}

/// Reads a player, lets `change` work on it, and writes it back.
fn change_player(
    ctx: &ReducerContext,
    id: u64,
    change: impl FnOnce(&mut Player),
) -> Result<(), String> {
    let mut player = ctx
        .db
        .player()
        .id()
        .find(id)
        .ok_or_else(|| no_such_player(id))?;
    change(&mut player);
    ctx.db.player().id().update(player);
    Ok(())
}

/// Marks all players of the caller.
fn set_online(ctx: &ReducerContext, online: bool) {
    // Collected first: a table should not change while it is being read.
    let owned: Vec<Player> = ctx
        .db
        .player()
        .iter()
        .filter(|player| player.owner == ctx.sender)
        .collect();
    for player in owned {
        ctx.db.player().id().update(Player { online, ..player });
    }
}

fn no_such_player(id: u64) -> String {
    format!("no player with id {id}")
}
