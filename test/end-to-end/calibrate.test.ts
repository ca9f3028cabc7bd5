// One quick calibration of the machine that runs the tests, which may be busy: structure and consistency, no times.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Calibration, calibrationSchema } from "../../src/cli/calibrate/calibration.ts";
import type { CalibrationKey } from "../../src/cli/calibrate/calibration-cache.ts";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { type Ended, until, Workplace } from "./workplace.ts";

type Printed = {
  readonly file: string | null;
  readonly key: CalibrationKey;
  readonly calibration: Calibration;
};

const place = new Workplace();
/** A ceiling of a quick calibration is measured for at least so long. */
const SECONDS_MIN = 0.4;
let registry: EmbeddedRegistry;
let ended: Ended;
let printed: Printed;

before(async () => {
  registry = await startEmbeddedRegistryThread();
  ended = await place.drayage(["calibrate", "--quick", "--json"]);
  printed = JSON.parse(ended.out || "{}") as Printed;
});
after(async () => {
  await registry.close();
  place.leave();
});

/** Process ids of the responders that a command has started. */
const respondersOf = (command: number | undefined): number[] =>
  execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => Number(words[1]) === command)
    .filter((words) => words.some((word) => word.includes("calibrate/responder-main")))
    .map(([pid]) => Number(pid));

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("drayage calibrate prints JSON and nothing else, says on the other stream what it does, and ends with 0", () => {
  assert.equal(ended.code, 0, ended.err);
  assert.ok(calibrationSchema.safeParse(printed.calibration).success);
  assert.equal(printed.key.node, process.versions.node);
  assert.match(ended.err, /about 8 s[\s\S]*ceiling: requests\n[\s\S]*pacing: precise\n/);
});

test("drayage calibrate finds ceilings that agree with their bodies and workers", () => {
  const { requests, bytes } = printed.calibration.ceiling;
  for (const { perSecond, perSecondPerWorker, bytesPerSecond, bodyBytes } of [requests, bytes]) {
    assert.ok(perSecond > 0);
    assert.equal(perSecondPerWorker, perSecond);
    // Counters are read while they are written: an operation at either end may be seen with its count and not its bytes yet.
    const operations = perSecond * SECONDS_MIN;
    assert.ok(Math.abs(bytesPerSecond / (perSecond * bodyBytes) - 1) < 2.5 / operations);
  }
  assert.ok(requests.perSecond > bytes.perSecond);
  assert.ok(requests.cores > 0 && requests.responderCores > 0);
});

test("drayage calibrate tries every pacing mode, from low rates to high, and trusts what held", () => {
  const { modes, margin, ceiling } = printed.calibration;
  assert.deepEqual(
    modes.map(({ pacing }) => pacing),
    ["economical", "balanced", "precise"],
  );
  for (const { base, rungs, largestHeld, trusted, why, confirmed, top } of modes) {
    assert.ok(base.lateness.count > 0 && base.cores > 0);
    const rates = rungs.map(({ rate }) => rate);
    assert.equal(rates[0], base.rate);
    assert.deepEqual(
      rates,
      rates.toSorted((a, b) => a - b),
    );
    assert.ok(rates.slice(1).every((rate) => rate < ceiling.requests.perSecond));
    assert.ok(rungs.every(({ held, why }) => held === (why === null)));
    assert.equal(confirmed, false);
    assert.equal(trusted === null, !rungs.some(({ held }) => held));
    assert.equal(trusted === null, why !== null);
    if (trusted === null || largestHeld === null) continue;
    assert.ok(rungs.some(({ rate, held }) => held && rate === largestHeld));
    assert.ok(trusted <= largestHeld * margin + 1e-6);
    assert.ok(top === null || top.rate <= trusted);
  }
});

test("drayage calibrate measures clock, timers and collections, in order", () => {
  const { idle, busy, clock } = printed.calibration;
  assert.ok(clock.readingNs > 0);
  for (const { count, p50, p99, max } of [...Object.values(idle), busy.gcPauses]) {
    assert.ok(count > 0 && max !== null);
    const known = [p50, p99, max].filter((value) => value !== null);
    // Histograms of the runtime keep three digits: a percentile may lie a thousandth above the maximum.
    known.reduce((lower, upper) => {
      assert.ok(lower <= upper * 1.002, `${lower} > ${upper}`);
      return upper;
    });
  }
});

test("drayage calibrate keeps what it found in the cache directory", () => {
  assert.deepEqual(readdirSync(place.path("cache/drayage")).length, 1);
  const [name = ""] = readdirSync(place.path("cache/drayage"));
  assert.equal(printed.file, place.path(join("cache/drayage", name)));
  const kept = place.json<{ key: CalibrationKey; calibrations: Calibration[] }>(
    join("cache/drayage", name),
  );
  assert.deepEqual(kept.key, printed.key);
  assert.deepEqual(kept.calibrations, [printed.calibration]);
});

test("drayage load refers to the calibration, and one elsewhere says what to type", async () => {
  const args = [
    "load",
    registry.url,
    "--rate",
    "50/s",
    "--duration",
    "200ms",
    "--pacing",
    "balanced",
  ];
  const text = await place.drayage([...args, "--workers", "1"]);
  assert.match(
    text.out,
    /rate 50\.0\/s(?: is within the|: calibrate found no rate).* here \(balanced/,
  );
  const directory = place.runDirectory("load");
  const { calibration } = place.json<{ calibration: { rate: number; limit: number | null } }>(
    join(directory, "results.json"),
  );
  const trusted = printed.calibration.modes.find(({ pacing }) => pacing === "balanced")?.trusted;
  assert.equal(calibration.rate, 50);
  assert.equal(calibration.limit, trusted);
  const other = await place.drayage(args, { env: { XDG_CACHE_HOME: place.path("empty") } });
  assert.match(
    other.out,
    /Next\n(?: {2}drayage compare .*\n)? {2}drayage calibrate +no calibration of this machine/,
  );
});

test("drayage calibrate ends with 130 when interrupted, keeps nothing and leaves no process behind", async () => {
  const cache = place.path("interrupted");
  const started = place.start(["calibrate", "--quick"], { env: { XDG_CACHE_HOME: cache } });
  await until(() => started.said().includes("ceiling: requests"), "the ceiling is measured");
  const responders = respondersOf(started.child.pid);
  assert.equal(responders.length, 1);
  started.child.kill("SIGINT");
  const { code, out, err } = await started.ended;
  assert.equal(code, 130, err);
  assert.equal(out, "");
  assert.match(err, /interrupted: nothing is kept\n$/);
  assert.equal(place.has("interrupted"), false);
  await until(() => !responders.some(isRunning), "the responder has ended");
});

for (const { args, says } of [
  { args: ["--quick", "--duration", "30s"], says: /--quick and --duration exclude each other/ },
  { args: ["--duration", "1s"], says: /--duration must be from 6s to 10m, not 1s/ },
  { args: ["--duration", "long"], says: /--duration wants a duration/ },
  { args: ["--workers", "0"], says: /--workers wants a whole number from 1 to 64/ },
]) {
  test(`drayage calibrate ${args.join(" ")} ends with 2 in one line`, async () => {
    const refused = await place.drayage(["calibrate", ...args]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, says);
    assert.equal(refused.err.trimEnd().split("\n").length, 1);
  });
}
