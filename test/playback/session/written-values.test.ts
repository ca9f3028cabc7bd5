// Acceptance case 14: every accepted form of a write, and every refusal, with what is shown and the error's text.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControlName } from "../../../src/playback/session/control-values.ts";
import { at, Stage } from "./stage.ts";
import { type Row, writtenRows } from "./written-rows.ts";

/** A stage with ten batches, a second apart, and a session at the fifth. */
function tenSeconds(): Stage {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second);
  return stage;
}

for (const [name, rows] of Object.entries(writtenRows) as [ControlName, readonly Row[]][]) {
  for (const { write, shows, says } of rows) {
    const written = JSON.stringify(write);
    const then =
      says === undefined ? `shows ${JSON.stringify(shows)}` : "is refused and changes nothing";
    test(`case 14, host: ${name} ${written} ${then}`, async () => {
      const session = await tenSeconds().session({ pos: at(5) });
      const before = session.controls();
      if (says === undefined) {
        assert.deepEqual(await session.write(name, write), shows);
        assert.deepEqual(session.read(name), shows);
      } else {
        await assert.rejects(session.write(name, write), { message: says });
        assert.deepEqual(session.controls(), before);
      }
    });
  }
}

test("case 14: a start behind the end is refused, and so is an end before the start", async () => {
  const session = await tenSeconds().session({ start: at(3), end: at(5) });
  await assert.rejects(
    session.write("start", at(6)),
    /is not a valid bound: start would be after end/,
  );
  await assert.rejects(
    session.write("end", at(2)),
    /is not a valid bound: start would be after end/,
  );
  assert.equal(await session.write("end", at(3)), at(3));
});

test("case 14: an offset from now is resolved once, at the write", async () => {
  const stage = tenSeconds();
  const session = await stage.session();
  const shown = await session.write("end", "+10s");
  await stage.pass(5);
  assert.equal(session.read("end"), shown);
});

for (const { given, says } of [
  { given: { start: "soon" }, says: /^invalid start: soon is not a valid bound$/ },
  { given: { end: "3d" }, says: /^invalid end: 3d is not a valid bound$/ },
  { given: { start: at(5), end: at(3) }, says: /^invalid end: / },
  {
    given: { speed: 0 },
    says: /^invalid speed: 0 is not a valid speed: a number above 0, or unlimited$/,
  },
  { given: { pos: 1000 }, says: /^invalid pos: 1000 is not a valid seek expression$/ },
  {
    given: { state: "stop" },
    says: /^invalid state: stop is not a valid state: play, pause or tail$/,
  },
  { given: { state: "tail", end: at(3) }, says: /^invalid state: tail is not possible/ },
  { given: { play_after: -1 }, says: /^invalid play_after: -1 is not a duration/ },
  { given: { play_after: "5s", state: "tail" }, says: /^invalid play_after: / },
  { given: { filter: ["a/**"] }, says: /^could not parse filter: / },
  { given: { filter: "/**" }, says: /^could not parse filter: / },
  { given: { filter: [] }, says: /^could not parse filter: / },
  { given: { x: 1, y: 2 }, says: /^unknown argument specified: \[x, y\]$/ },
  { given: [], says: /^arguments must be a JSON object/ },
]) {
  test(`a session is not created with ${JSON.stringify(given)}`, async () => {
    const { host } = tenSeconds();
    await assert.rejects(host.create(given, "test"), { name: "Error", message: says });
    assert.equal(host.size, 0);
  });
}

test("a session is created with the defaults by nothing, null, and an empty object", async () => {
  for (const given of [undefined, null, {}]) {
    const session = await tenSeconds().session(given);
    assert.match(session.id, /^[0-9a-f]{32}$/);
    assert.deepEqual(session.filter, ["/**"]);
    assert.deepEqual(session.controls(), {
      start: "Unbounded",
      end: "Unbounded",
      speed: 1,
      pos: "2025-12-31T23:59:59.999999Z",
      state: "pause",
    });
  }
});
