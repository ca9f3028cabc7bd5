import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import {
  calibrationFile,
  calibrationKey,
  keepCalibration,
  readCalibrations,
} from "../../../src/cli/calibrate/calibration-cache.ts";
import { sampleCalibration } from "./sample-calibration.ts";

const directory = mkdtempSync(join(tmpdir(), "drayage-cache-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const cache = (name: string) => ({ XDG_CACHE_HOME: join(directory, name) });

const key = { cpu: "Some CPU", cores: 8, node: "24.1.0", drayage: "0.1.0" };

for (const { name, env, file } of [
  { name: "XDG_CACHE_HOME", env: { XDG_CACHE_HOME: "/c", HOME: "/h" }, file: "/c/drayage" },
  { name: "HOME", env: { HOME: "/h" }, file: "/h/.cache/drayage" },
  {
    name: "HOME where XDG_CACHE_HOME is relative",
    env: { XDG_CACHE_HOME: "c", HOME: "/h" },
    file: "/h/.cache/drayage",
  },
  { name: "nothing where neither is there", env: {}, file: undefined },
]) {
  test(`calibration cache: its place follows from ${name}`, () => {
    const path = calibrationFile(env, key);
    assert.equal(path === undefined ? undefined : dirname(path), file);
  });
}

for (const change of [
  { cpu: "Other CPU" },
  { cores: 4 },
  { node: "24.1.1" },
  { drayage: "0.2.0" },
]) {
  test(`calibration cache: another file for ${JSON.stringify(change)}`, () => {
    const env = { HOME: "/h" };
    assert.equal(calibrationFile(env, key), calibrationFile(env, { ...key }));
    assert.notEqual(calibrationFile(env, key), calibrationFile(env, { ...key, ...change }));
  });
}

test("calibration cache: the machine's own key names it whole", () => {
  const own = calibrationKey();
  assert.ok(own.cpu.length > 0 && own.cores >= 1);
  assert.equal(own.node, process.versions.node);
});

test("calibration cache: what was kept is read, one for each number of workers, the newest", async () => {
  const env = cache("kept/deeper");
  assert.deepEqual(await readCalibrations(env, key), { kind: "none" });
  const one = sampleCalibration();
  const three = sampleCalibration({ workers: 3 });
  const newer = sampleCalibration({ takenAt: "2026-11-23T00:00:00.000Z" });
  for (const calibration of [one, three, newer])
    assert.equal((await keepCalibration(env, calibration, key)).kind, "kept");
  assert.deepEqual(await readCalibrations(env, key), {
    kind: "known",
    calibrations: [three, newer],
  });
  assert.deepEqual(await readCalibrations(env, { ...key, cores: 2 }), { kind: "none" });
  assert.equal(readdirSync(join(env.XDG_CACHE_HOME, "drayage")).length, 1);
});

for (const { name, text } of [
  { name: "no JSON", text: "{" },
  { name: "nothing", text: "" },
  { name: "of another version", text: '{"version":2,"key":{},"calibrations":[]}' },
  { name: "of another form", text: '{"version":1,"calibrations":[{}]}' },
]) {
  test(`calibration cache: a file that is ${name} is no calibration, and is replaced by the next`, async () => {
    const env = cache(`broken-${name}`);
    const file = calibrationFile(env, key) ?? "";
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    assert.deepEqual(await readCalibrations(env, key), { kind: "unreadable", file });
    assert.deepEqual(await keepCalibration(env, sampleCalibration(), key), { kind: "kept", file });
    assert.equal((await readCalibrations(env, key)).kind, "known");
  });
}

test("calibration cache: where nothing can be written, that is said and no more", async () => {
  const file = join(directory, "a-file");
  writeFileSync(file, "");
  for (const env of [{ XDG_CACHE_HOME: file }, { XDG_CACHE_HOME: "/proc" }, {}]) {
    const kept = await keepCalibration(env, sampleCalibration(), key);
    assert.equal(kept.kind, "not-kept");
    assert.ok(kept.kind === "not-kept" && kept.why.length > 0);
  }
  assert.equal(readFileSync(file, "utf8"), "");
});
