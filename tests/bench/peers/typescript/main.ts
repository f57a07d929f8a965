// The cases of the benchmark on the TypeScript SDK. `module_bindings` is what the official CLI generates of the module
// `probe`.
//
// Arguments: URI DATABASE ROWS CALLS IN_FLIGHT UPDATED. Prints what `tests/bench/client.py` prints.

import { readFileSync } from "node:fs";

import { DbConnection } from "./module_bindings/index.ts";

const [uri, database, ...numbers] = process.argv.slice(2);
const [rows, calls, inFlight, updates] = numbers.map(Number);
const figures: Record<string, [number, number]> = {};
let inserted = 0;
let updated = 0;
let answered = 0;

// Resolved by the callback that makes the condition true.
let done = () => false;
let resolve = () => {};
function until(condition: () => boolean): Promise<void> {
  done = condition;
  return new Promise((resolved) => (resolve = resolved));
}
function check() {
  if (done()) resolve();
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function measure(name: string, run: () => Promise<void>): Promise<void> {
  const [started, cpu] = [performance.now(), cpuSeconds()];
  await run();
  figures[name] = [(performance.now() - started) / 1e3, cpuSeconds() - cpu];
}

// Bytes of memory now and at the peak.
function memory(): [number, number] {
  const status = readFileSync("/proc/self/status", "utf8");
  const bytes = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return [bytes("VmRSS"), bytes("VmHWM")];
}

const connection = await new Promise<DbConnection>((connected, failed) => {
  DbConnection.builder()
    .withUri(uri)
    .withModuleName(database)
    .onConnect((connection) => connected(connection))
    .onConnectError((_, error) => failed(error))
    .build();
});
connection.db.bulk.onInsert(() => {
  inserted += 1;
});
connection.db.bulk.onUpdate(() => {
  updated += 1;
  check();
});
connection.reducers.onBump(() => {
  answered += 1;
  check();
});

function bump(start: number, count: number): Promise<void> {
  const [answers, rowsUpdated] = [answered + 1, updated + count];
  const finished = until(() => answered >= answers && updated >= rowsUpdated);
  connection.reducers.bump(BigInt(start), BigInt(count));
  return finished;
}

async function bumpNothing(): Promise<void> {
  for (let n = 0; n < calls; n++) await bump(0, 0);
}

await measure("before", bumpNothing);
await measure("subscribe", () => {
  let applied = false;
  const finished = until(() => applied && inserted >= rows);
  connection
    .subscriptionBuilder()
    .onApplied(() => {
      applied = true;
      // Callbacks of rows may be called before and after this one.
      queueMicrotask(check);
    })
    .onError((context) => {
      throw context.event ?? new Error("the subscription was refused");
    })
    .subscribe(["SELECT * FROM bulk"]);
  return finished;
});
const used = memory();
await measure("after", bumpNothing);
await measure("row", async () => {
  for (let n = 0; n < calls; n++) await bump(n, 1);
});
await measure("flight", () => {
  const answers = answered + inFlight;
  const finished = until(() => answered >= answers);
  for (let n = 0; n < inFlight; n++) connection.reducers.bump(0n, 0n);
  return inFlight ? finished : Promise.resolve();
});
await measure("update", () => bump(0, updates));

if (inserted !== rows || updated !== calls + updates) {
  throw new Error(`${inserted} rows inserted and ${updated} updated`);
}
console.log(JSON.stringify({ ...figures, memory: used }));
process.exit(0);
