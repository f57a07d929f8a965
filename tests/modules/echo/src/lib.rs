//! Every kind of column that SpacetimeDB has, stored and sent back just as it came.
//!
//! For each kind there is a table `echo_KIND` (key `n`, value `v`) with the reducers `insert_KIND(n, v)` and
//! `delete_KIND(n)`, and a column `v_KIND` in the keyless table `everything`. `insert_KIND` answers with an error
//! when another row has that `n`, `delete_KIND` when no row has it. Outside of this pattern are
//! - `keyless_float` and `keyless_odd`: rows that differ in a float only, also in one that JSON cannot carry;
//! - `echo_tree` and `echo_expr`: recursive types, which can be arguments but not columns.

use spacetimedb::sats::{i256, u256};
use spacetimedb::{
    reducer, table, ConnectionId, Identity, ReducerContext, ScheduleAt, SpacetimeType, Table,
    TimeDuration, Timestamp,
};

/// A struct without fields.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Empty {}

#[derive(SpacetimeType, Clone, Debug)]
pub struct Point {
    pub x: i32,
    pub y: f64,
}

#[derive(SpacetimeType, Clone, Debug)]
pub struct Size {
    pub width: f32,
    pub height: f32,
}

/// Structs in a struct.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Line {
    pub start: Point,
    pub end: Point,
    pub label: String,
}

/// A unit-only enum.
#[derive(SpacetimeType, Clone, Debug)]
pub enum Color {
    Red,
    Green,
    Blue,
}

/// A sum with each sort of payload.
#[derive(SpacetimeType, Clone, Debug)]
pub enum Shape {
    Dot,
    Circle(f64),
    Rect(Size),
    Path(Vec<Point>),
    Caption(Option<String>),
    Filled(Color),
    Bitmap(Vec<u8>),
    Nothing(Empty),
}

/// Sums, arrays and options in a struct.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Drawing {
    pub title: String,
    pub shape: Shape,
    pub layers: Vec<Shape>,
    pub outline: Vec<Line>,
    pub color: Option<Color>,
    pub center: Option<Point>,
}

/// The types that SpacetimeDB brings, as fields.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Specials {
    pub identity: Identity,
    pub connection_id: ConnectionId,
    pub timestamp: Timestamp,
    pub time_duration: TimeDuration,
    pub schedule_at: ScheduleAt,
}

/// Makes a table and two reducers for each kind, the table `everything`, and `clear_kinds`.
macro_rules! kinds {
    ($($table:ident, $Row:ident, $insert:ident, $delete:ident, $column:ident: $Type:ty;)*) => {
        $(
            #[table(name = $table, public)]
            pub struct $Row {
                #[primary_key]
                pub n: u32,
                pub v: $Type,
            }

            #[reducer]
            pub fn $insert(ctx: &ReducerContext, n: u32, v: $Type) -> Result<(), String> {
                inserted(ctx.db.$table().try_insert($Row { n, v }))
            }

            #[reducer]
            pub fn $delete(ctx: &ReducerContext, n: u32) -> Result<(), String> {
                deleted(ctx.db.$table().n().delete(n))
            }
        )*

        /// One column of each kind, and no key: only the whole row tells which row it is.
        #[table(name = everything, public)]
        pub struct Everything {
            $(pub $column: $Type,)*
        }

        fn clear_kinds(ctx: &ReducerContext) {
            $(
                for row in ctx.db.$table().iter() {
                    ctx.db.$table().n().delete(row.n);
                }
            )*
            for row in ctx.db.everything().iter() {
                ctx.db.everything().delete(row);
            }
        }
    };
}

kinds! {
    // Scalars
    echo_bool, EchoBool, insert_bool, delete_bool, v_bool: bool;
    echo_u8, EchoU8, insert_u8, delete_u8, v_u8: u8;
    echo_u16, EchoU16, insert_u16, delete_u16, v_u16: u16;
    echo_u32, EchoU32, insert_u32, delete_u32, v_u32: u32;
    echo_u64, EchoU64, insert_u64, delete_u64, v_u64: u64;
    echo_u128, EchoU128, insert_u128, delete_u128, v_u128: u128;
    echo_u256, EchoU256, insert_u256, delete_u256, v_u256: u256;
    echo_i8, EchoI8, insert_i8, delete_i8, v_i8: i8;
    echo_i16, EchoI16, insert_i16, delete_i16, v_i16: i16;
    echo_i32, EchoI32, insert_i32, delete_i32, v_i32: i32;
    echo_i64, EchoI64, insert_i64, delete_i64, v_i64: i64;
    echo_i128, EchoI128, insert_i128, delete_i128, v_i128: i128;
    echo_i256, EchoI256, insert_i256, delete_i256, v_i256: i256;
    echo_f32, EchoF32, insert_f32, delete_f32, v_f32: f32;
    echo_f64, EchoF64, insert_f64, delete_f64, v_f64: f64;
    echo_string, EchoString, insert_string, delete_string, v_string: String;
    echo_bytes, EchoBytes, insert_bytes, delete_bytes, v_bytes: Vec<u8>;
    echo_unit, EchoUnit, insert_unit, delete_unit, v_unit: ();

    // What SpacetimeDB brings
    echo_identity, EchoIdentity, insert_identity, delete_identity, v_identity: Identity;
    echo_connection_id, EchoConnectionId, insert_connection_id, delete_connection_id, v_connection_id: ConnectionId;
    echo_timestamp, EchoTimestamp, insert_timestamp, delete_timestamp, v_timestamp: Timestamp;
    echo_time_duration, EchoTimeDuration, insert_time_duration, delete_time_duration, v_time_duration: TimeDuration;
    echo_schedule_at, EchoScheduleAt, insert_schedule_at, delete_schedule_at, v_schedule_at: ScheduleAt;

    // Structs and sums
    echo_empty, EchoEmpty, insert_empty, delete_empty, v_empty: Empty;
    echo_point, EchoPoint, insert_point, delete_point, v_point: Point;
    echo_line, EchoLine, insert_line, delete_line, v_line: Line;
    echo_color, EchoColor, insert_color, delete_color, v_color: Color;
    echo_shape, EchoShape, insert_shape, delete_shape, v_shape: Shape;
    echo_drawing, EchoDrawing, insert_drawing, delete_drawing, v_drawing: Drawing;
    echo_specials, EchoSpecials, insert_specials, delete_specials, v_specials: Specials;

    // Options
    echo_option_bool, EchoOptionBool, insert_option_bool, delete_option_bool, v_option_bool: Option<bool>;
    echo_option_u32, EchoOptionU32, insert_option_u32, delete_option_u32, v_option_u32: Option<u32>;
    echo_option_i256, EchoOptionI256, insert_option_i256, delete_option_i256, v_option_i256: Option<i256>;
    echo_option_f64, EchoOptionF64, insert_option_f64, delete_option_f64, v_option_f64: Option<f64>;
    echo_option_string, EchoOptionString, insert_option_string, delete_option_string, v_option_string: Option<String>;
    echo_option_bytes, EchoOptionBytes, insert_option_bytes, delete_option_bytes, v_option_bytes: Option<Vec<u8>>;
    echo_option_unit, EchoOptionUnit, insert_option_unit, delete_option_unit, v_option_unit: Option<()>;
    echo_option_point, EchoOptionPoint, insert_option_point, delete_option_point, v_option_point: Option<Point>;
    echo_option_shape, EchoOptionShape, insert_option_shape, delete_option_shape, v_option_shape: Option<Shape>;
    echo_option_color, EchoOptionColor, insert_option_color, delete_option_color, v_option_color: Option<Color>;
    echo_option_identity, EchoOptionIdentity, insert_option_identity, delete_option_identity, v_option_identity: Option<Identity>;
    echo_option_timestamp, EchoOptionTimestamp, insert_option_timestamp, delete_option_timestamp, v_option_timestamp: Option<Timestamp>;
    echo_option_vec_u32, EchoOptionVecU32, insert_option_vec_u32, delete_option_vec_u32, v_option_vec_u32: Option<Vec<u32>>;
    echo_option_option_i32, EchoOptionOptionI32, insert_option_option_i32, delete_option_option_i32, v_option_option_i32: Option<Option<i32>>;

    // Arrays
    echo_vec_bool, EchoVecBool, insert_vec_bool, delete_vec_bool, v_vec_bool: Vec<bool>;
    echo_vec_i8, EchoVecI8, insert_vec_i8, delete_vec_i8, v_vec_i8: Vec<i8>;
    echo_vec_i32, EchoVecI32, insert_vec_i32, delete_vec_i32, v_vec_i32: Vec<i32>;
    echo_vec_u64, EchoVecU64, insert_vec_u64, delete_vec_u64, v_vec_u64: Vec<u64>;
    echo_vec_u256, EchoVecU256, insert_vec_u256, delete_vec_u256, v_vec_u256: Vec<u256>;
    echo_vec_f32, EchoVecF32, insert_vec_f32, delete_vec_f32, v_vec_f32: Vec<f32>;
    echo_vec_f64, EchoVecF64, insert_vec_f64, delete_vec_f64, v_vec_f64: Vec<f64>;
    echo_vec_string, EchoVecString, insert_vec_string, delete_vec_string, v_vec_string: Vec<String>;
    echo_vec_bytes, EchoVecBytes, insert_vec_bytes, delete_vec_bytes, v_vec_bytes: Vec<Vec<u8>>;
    echo_vec_unit, EchoVecUnit, insert_vec_unit, delete_vec_unit, v_vec_unit: Vec<()>;
    echo_vec_point, EchoVecPoint, insert_vec_point, delete_vec_point, v_vec_point: Vec<Point>;
    echo_vec_shape, EchoVecShape, insert_vec_shape, delete_vec_shape, v_vec_shape: Vec<Shape>;
    echo_vec_color, EchoVecColor, insert_vec_color, delete_vec_color, v_vec_color: Vec<Color>;
    echo_vec_specials, EchoVecSpecials, insert_vec_specials, delete_vec_specials, v_vec_specials: Vec<Specials>;
    echo_vec_identity, EchoVecIdentity, insert_vec_identity, delete_vec_identity, v_vec_identity: Vec<Identity>;
    echo_vec_schedule_at, EchoVecScheduleAt, insert_vec_schedule_at, delete_vec_schedule_at, v_vec_schedule_at: Vec<ScheduleAt>;
    echo_vec_option_u32, EchoVecOptionU32, insert_vec_option_u32, delete_vec_option_u32, v_vec_option_u32: Vec<Option<u32>>;
    echo_vec_vec_u32, EchoVecVecU32, insert_vec_vec_u32, delete_vec_vec_u32, v_vec_vec_u32: Vec<Vec<u32>>;

    // Arrays sixteen deep
    echo_deep, EchoDeep, insert_deep, delete_deep, v_deep: Vec4<Vec4<Vec4<Vec4<u32>>>>;
}

type Vec4<T> = Vec<Vec<Vec<Vec<T>>>>;

#[reducer]
pub fn insert_everything(ctx: &ReducerContext, row: Everything) {
    ctx.db.everything().insert(row);
}

/// Deletes the row that is equal to this one in every bit.
#[reducer]
pub fn delete_everything(ctx: &ReducerContext, row: Everything) -> Result<(), String> {
    deleted(ctx.db.everything().delete(row))
}

/// Floats as the only thing that tells rows apart.
#[table(name = keyless_float, public)]
pub struct KeylessFloat {
    pub x: f64,
    pub y: f32,
}

#[reducer]
pub fn insert_keyless_float(ctx: &ReducerContext, x: f64, y: f32) {
    ctx.db.keyless_float().insert(KeylessFloat { x, y });
}

#[reducer]
pub fn delete_keyless_float(ctx: &ReducerContext, x: f64, y: f32) -> Result<(), String> {
    deleted(ctx.db.keyless_float().delete(KeylessFloat { x, y }))
}

/// Five rows of floats that look alike or cannot be written in JSON. Only the module can make them.
#[table(name = keyless_odd, public)]
pub struct KeylessOdd {
    pub x: f64,
    pub y: f32,
}

const ODD: [f64; 5] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0];

fn odd_row(x: f64) -> KeylessOdd {
    KeylessOdd { x, y: x as f32 }
}

#[reducer]
pub fn insert_odd(ctx: &ReducerContext) {
    for x in ODD {
        ctx.db.keyless_odd().insert(odd_row(x));
    }
}

#[reducer]
pub fn delete_odd(ctx: &ReducerContext) {
    for x in ODD {
        ctx.db.keyless_odd().delete(odd_row(x));
    }
}

/// Deletes one of the five: 0 NaN, 1 +inf, 2 -inf, 3 -0.0, 4 0.0.
#[reducer]
pub fn delete_one_odd(ctx: &ReducerContext, index: u32) -> Result<(), String> {
    let x = *ODD.get(index as usize).ok_or("index must be below 5")?;
    deleted(ctx.db.keyless_odd().delete(odd_row(x)))
}

/// A struct that holds itself. The server ends with a panic when a column has such a type (1.2.0), so a tree can
/// only be an argument, and the module stores it flat.
#[derive(SpacetimeType, Clone, Debug)]
pub struct Tree {
    pub value: i32,
    pub children: Vec<Tree>,
}

/// A node of a [`Tree`] in the order of reading: each one before its children.
#[derive(SpacetimeType, Clone, Debug)]
pub struct TreeNode {
    pub value: i32,
    pub depth: u32,
}

#[table(name = echo_tree, public)]
pub struct EchoTree {
    #[primary_key]
    pub n: u32,
    pub v: Vec<TreeNode>,
}

#[reducer]
pub fn insert_tree(ctx: &ReducerContext, n: u32, v: Tree) -> Result<(), String> {
    fn flatten(tree: &Tree, depth: u32, nodes: &mut Vec<TreeNode>) {
        nodes.push(TreeNode {
            value: tree.value,
            depth,
        });
        for child in &tree.children {
            flatten(child, depth + 1, nodes);
        }
    }
    let mut nodes = Vec::new();
    flatten(&v, 0, &mut nodes);
    inserted(ctx.db.echo_tree().try_insert(EchoTree { n, v: nodes }))
}

#[reducer]
pub fn delete_tree(ctx: &ReducerContext, n: u32) -> Result<(), String> {
    deleted(ctx.db.echo_tree().n().delete(n))
}

/// A sum that holds itself: like [`Tree`], only an argument, and stored flat.
#[derive(SpacetimeType, Clone, Debug)]
pub enum Expr {
    Number(i32),
    Negative(Box<Expr>),
    Total(Vec<Expr>),
}

/// A part of an [`Expr`] in Polish notation: each one before its operands.
#[derive(SpacetimeType, Clone, Debug)]
pub enum ExprToken {
    Number(i32),
    Negative,
    /// The total of this many operands.
    Total(u32),
}

#[table(name = echo_expr, public)]
pub struct EchoExpr {
    #[primary_key]
    pub n: u32,
    pub v: Vec<ExprToken>,
}

#[reducer]
pub fn insert_expr(ctx: &ReducerContext, n: u32, v: Expr) -> Result<(), String> {
    fn flatten(expr: &Expr, tokens: &mut Vec<ExprToken>) {
        match expr {
            Expr::Number(number) => tokens.push(ExprToken::Number(*number)),
            Expr::Negative(operand) => {
                tokens.push(ExprToken::Negative);
                flatten(operand, tokens);
            }
            Expr::Total(operands) => {
                tokens.push(ExprToken::Total(operands.len() as u32));
                for operand in operands {
                    flatten(operand, tokens);
                }
            }
        }
    }
    let mut tokens = Vec::new();
    flatten(&v, &mut tokens);
    inserted(ctx.db.echo_expr().try_insert(EchoExpr { n, v: tokens }))
}

#[reducer]
pub fn delete_expr(ctx: &ReducerContext, n: u32) -> Result<(), String> {
    deleted(ctx.db.echo_expr().n().delete(n))
}

/// Deletes all rows of all tables.
#[reducer]
pub fn clear(ctx: &ReducerContext) {
    clear_kinds(ctx);
    for row in ctx.db.keyless_float().iter() {
        ctx.db.keyless_float().delete(row);
    }
    for row in ctx.db.keyless_odd().iter() {
        ctx.db.keyless_odd().delete(row);
    }
    for row in ctx.db.echo_tree().iter() {
        ctx.db.echo_tree().n().delete(row.n);
    }
    for row in ctx.db.echo_expr().iter() {
        ctx.db.echo_expr().n().delete(row.n);
    }
}

fn inserted<Row, Error: ToString>(result: Result<Row, Error>) -> Result<(), String> {
    result.map(|_| ()).map_err(|error| error.to_string())
}

fn deleted(found: bool) -> Result<(), String> {
    if found {
        Ok(())
    } else {
        Err("no such row".to_string())
    }
}
