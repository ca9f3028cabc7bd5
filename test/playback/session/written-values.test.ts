// Acceptance case 14: every accepted form of a write, and every refusal, with what is shown and the error's text.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ControlName } from "../../../src/playback/session/control-values.ts";
import { HttpClient } from "../http/http-client.ts";
import { at, Stage } from "./stage.ts";

type Row = { readonly write: unknown; readonly shows?: unknown; readonly says?: string };

const bound: readonly Row[] = [
  { write: "unbounded", shows: "Unbounded" },
  { write: "  UNBOUNDED ", shows: "Unbounded" },
  { write: "beginning", shows: "Unbounded" },
  { write: "end", shows: "Unbounded" },
  { write: "2026-01-01T00:00:30Z", shows: at(30) },
  { write: "2026-01-01T01:00:30.1234567+01:00", shows: "2026-01-01T00:00:30.123456Z" },
  { write: "Thu, 01 Jan 2026 00:00:30 +0000", shows: at(30) },
  { write: "1 Jan 2026 01:00 GMT", shows: at(3600) },
  { write: "2026-01-01", shows: at(0) },
  { write: "2026-01-01 00:01", shows: at(60) },
  { write: "2026-01-01 00:01:02.5", shows: at(62.5) },
  { write: "-30m", shows: at(1800) },
  { write: "+1.5s", shows: at(3601.5) },
  { write: "-1000000u", shows: at(3599) },
  { write: "-1d", shows: at(3600 - 86_400) },
  { write: "-1h", shows: at(0) },
  { write: "-1y", shows: at(3600 - 365.24 * 86_400) },
  { write: "-1M", shows: at(3600 - (365.24 / 12) * 86_400) },
  { write: "3d", says: "3d is not a valid bound" },
  { write: "-3D", says: "-3D is not a valid bound" },
  { write: "- 3d", says: "- 3d is not a valid bound" },
  { write: "-3", says: "-3 is not a valid bound" },
  { write: 5, says: "5 is not a valid bound" },
  { write: null, says: "null is not a valid bound" },
  { write: "2026-02-30", says: "2026-02-30 is not a valid bound" },
  { write: "2026-01-01T25:00:00Z", says: "2026-01-01T25:00:00Z is not a valid bound" },
  {
    write: "Fri, 01 Jan 2026 00:00:30 +0000",
    says: "Fri, 01 Jan 2026 00:00:30 +0000 is not a valid bound",
  },
  { write: "soon", says: "soon is not a valid bound" },
  { write: "pos+30s", says: "pos+30s is not a valid bound" },
];

const table: Readonly<Record<ControlName, readonly Row[]>> = {
  start: bound,
  end: bound,
  pos: [
    { write: "beginning", shows: "2025-12-31T23:59:59.999999Z" },
    { write: "end", shows: at(9) },
    { write: at(4), shows: at(4) },
    { write: "2026-01-01 00:00:05.25", shows: at(5.25) },
    { write: "Thu, 01 Jan 2026 00:00:06 +0000", shows: at(6) },
    { write: "-3597s", shows: at(3) },
    { write: "pos+2s", shows: at(7) },
    { write: "pos-2s", shows: at(3) },
    { write: 1, shows: at(6) },
    { write: -1, shows: at(4) },
    { write: "2", shows: at(7) },
    { write: "+2", shows: at(7) },
    { write: "-2", shows: at(3) },
    { write: 128, shows: at(9) },
    { write: -128, shows: "2025-12-31T23:59:59.999999Z" },
    { write: 0, says: "0 is not a valid seek expression" },
    { write: 129, says: "129 is not a valid seek expression" },
    { write: -129, says: "-129 is not a valid seek expression" },
    { write: "129", says: "129 is not a valid seek expression" },
    { write: 1.5, says: "1.5 is not a valid seek expression" },
    { write: "1.5", says: "1.5 is not a valid seek expression" },
    { write: "3s", says: "3s is not a valid seek expression" },
    { write: "pos 3s", says: "pos 3s is not a valid seek expression" },
    { write: "here", says: "here is not a valid seek expression" },
    { write: true, says: "true is not a valid seek expression" },
  ],
  speed: [
    { write: 2, shows: 2 },
    { write: "0.25", shows: 0.25 },
    { write: "1e3", shows: 1000 },
    { write: "unlimited", shows: "unlimited" },
    { write: "Unlimited", shows: "unlimited" },
    { write: 0, says: "0 is not a valid speed" },
    { write: -1, says: "-1 is not a valid speed" },
    { write: "-1", says: "-1 is not a valid speed" },
    { write: "NaN", says: "NaN is not a valid speed" },
    { write: "Infinity", says: "Infinity is not a valid speed" },
    { write: "1e999", says: "1e999 is not a valid speed" },
    { write: "fast", says: "fast is not a valid speed" },
    { write: "", says: " is not a valid speed" },
    { write: {}, says: "{} is not a valid speed" },
  ],
  state: [
    { write: "play", shows: "play" },
    { write: " PLAY ", shows: "play" },
    { write: "Pause", shows: "pause" },
    { write: "tail", shows: "tail" },
    { write: "stop", says: "stop is not a valid state" },
    { write: 1, says: "1 is not a valid state" },
  ],
};

/** A stage with ten batches, a second apart, and a session at the fifth. */
function tenSeconds(): Stage {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second);
  return stage;
}

for (const [name, rows] of Object.entries(table) as [ControlName, readonly Row[]][]) {
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

const overHttp = async (t: TestContext): Promise<{ client: HttpClient; id: string }> => {
  const client = await HttpClient.start(t, { reader: tenSeconds().archive, publish: {} });
  return { client, id: await client.create({ pos: at(5) }) };
};

// Offsets from now count from the system's clock there, which the table does not know.
const isOfNow = (write: unknown): boolean =>
  typeof write === "string" && /^[+-]\d.*[yMdhmsu]$/.test(write);

for (const [name, rows] of Object.entries(table) as [ControlName, readonly Row[]][]) {
  test(`case 14, HTTP: every row of ${name}, as JSON and as plain text`, async (t) => {
    const { client, id } = await overHttp(t);
    for (const { write, shows, says } of rows.filter((row) => !isOfNow(row.write))) {
      const plain = typeof write === "string" ? [write] : [];
      for (const body of [JSON.stringify(write), ...plain]) {
        await client.put(id, "pos", at(5));
        await client.put(id, "state", "pause");
        await client.put(id, name === "end" ? "start" : "end", "unbounded");
        const { status, value } = await client.put(id, name, body);
        const expected = says === undefined ? { value: shows } : { error: says };
        assert.deepEqual([status, value], [says === undefined ? 200 : 400, expected], body);
      }
    }
  });
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
  { given: { speed: 0 }, says: /^invalid speed: 0 is not a valid speed$/ },
  { given: { pos: 1000 }, says: /^invalid pos: 1000 is not a valid seek expression$/ },
  { given: { state: "stop" }, says: /^invalid state: stop is not a valid state$/ },
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
