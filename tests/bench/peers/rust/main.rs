//! The cases of the benchmark on the Rust SDK. `module_bindings` is what the official CLI generates of the module `probe`.
//!
//! Arguments: URI DATABASE ROWS CALLS IN_FLIGHT UPDATED COMPRESSION. Prints what `tests/bench/client.py` prints.

mod module_bindings;

use module_bindings::*;
use spacetimedb_sdk::{Compression, DbContext, Table, TableWithPrimaryKey};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Instant;

/// What callbacks were called with so far.
#[derive(Default)]
struct Heard {
    inserted: AtomicU64,
    updated: AtomicU64,
    answered: AtomicU64,
    applied: AtomicBool,
}

struct Bench {
    connection: DbConnection,
    heard: Arc<Heard>,
    figures: Vec<String>,
}

impl Bench {
    /// Handle messages until the callbacks have been called.
    fn wait_until(&self, done: impl Fn(&Heard) -> bool) {
        while !done(&self.heard) {
            self.connection.advance_one_message_blocking().expect("the connection ended");
        }
    }

    /// Call the reducer, and wait until its callback and so many callbacks of rows have been called.
    fn bump(&self, start: u64, count: u64) {
        let answered = self.heard.answered.load(Relaxed) + 1;
        let updated = self.heard.updated.load(Relaxed) + count;
        self.connection.reducers.bump(start, count).expect("the call was not sent");
        self.wait_until(|heard| heard.answered.load(Relaxed) >= answered && heard.updated.load(Relaxed) >= updated);
    }

    fn measure(&mut self, case: &str, run: impl Fn(&Self)) {
        let (started, cpu) = (Instant::now(), cpu_seconds());
        run(self);
        let seconds = started.elapsed().as_secs_f64();
        self.figures.push(format!("\"{case}\":[{seconds},{}]", cpu_seconds() - cpu));
    }
}

/// Processor time of this process, all threads together.
fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec, which is there.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) }, 0);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Bytes of memory now and at the peak.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0)
    };
    (kilobytes("VmRSS:") * 1024, kilobytes("VmHWM:") * 1024)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [uri, database, rows, calls, in_flight, updated, compression] = &arguments[..] else {
        panic!("arguments: URI DATABASE ROWS CALLS IN_FLIGHT UPDATED COMPRESSION");
    };
    let number = |text: &String| text.parse::<u64>().expect("a number");
    let (rows, calls, in_flight, updated) = (number(rows), number(calls), number(in_flight), number(updated));
    let heard = Arc::new(Heard::default());

    let mut builder = DbConnection::builder().with_uri(uri.as_str()).with_module_name(database.as_str());
    if compression == "none" {
        builder = builder.with_compression(Compression::None);
    }
    let connected = heard.clone();
    let connection = builder
        .on_connect(move |_, _, _| connected.applied.store(true, Relaxed))
        .build()
        .expect("no connection");
    let mut bench = Bench { connection, heard, figures: Vec::new() };
    bench.wait_until(|heard| heard.applied.swap(false, Relaxed));

    let heard = bench.heard.clone();
    bench.connection.db.bulk().on_insert(move |_, _| {
        heard.inserted.fetch_add(1, Relaxed);
    });
    let heard = bench.heard.clone();
    bench.connection.db.bulk().on_update(move |_, _, _| {
        heard.updated.fetch_add(1, Relaxed);
    });
    let heard = bench.heard.clone();
    bench.connection.reducers.on_bump(move |_, _, _| {
        heard.answered.fetch_add(1, Relaxed);
    });

    bench.measure("before", |bench| (0..calls).for_each(|_| bench.bump(0, 0)));
    bench.measure("subscribe", |bench| {
        let heard = bench.heard.clone();
        bench
            .connection
            .subscription_builder()
            .on_applied(move |_| heard.applied.store(true, Relaxed))
            .on_error(|_, error| panic!("{error}"))
            .subscribe("SELECT * FROM bulk");
        bench.wait_until(|heard| heard.applied.load(Relaxed) && heard.inserted.load(Relaxed) >= rows);
    });
    let (now, peak) = memory();
    bench.measure("after", |bench| (0..calls).for_each(|_| bench.bump(0, 0)));
    bench.measure("row", |bench| (0..calls).for_each(|n| bench.bump(n, 1)));
    bench.measure("flight", |bench| {
        let answered = bench.heard.answered.load(Relaxed) + in_flight;
        for _ in 0..in_flight {
            bench.connection.reducers.bump(0, 0).expect("the call was not sent");
        }
        bench.wait_until(|heard| heard.answered.load(Relaxed) >= answered);
    });
    bench.measure("update", |bench| bench.bump(0, updated));

    assert_eq!(bench.heard.inserted.load(Relaxed), rows);
    assert_eq!(bench.heard.updated.load(Relaxed), calls + updated);
    println!("{{{},\"memory\":[{now},{peak}]}}", bench.figures.join(","));
}
