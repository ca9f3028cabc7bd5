// Acceptance cases 21 and 22: how many sessions there may be, and how long they live.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KeepingSink, START, Stage } from "./stage.ts";

const CHECK = 30;

/** Lets one period of the check pass. */
async function check(stage: Stage): Promise<void> {
  await stage.pass(CHECK);
  stage.host.check();
}

test("case 21: the 513th session is refused, and a freed place is usable again", async () => {
  const stage = new Stage();
  for (let number = 0; number < 512; number++) {
    await stage.host.create(null, `client ${number % 8}`);
  }
  const refused = { kind: "limit", message: "too many sessions" };
  await assert.rejects(stage.host.create(null, "client 9"), refused);
  const [first] = stage.host.list();
  stage.host.end(first?.id ?? "");
  await stage.host.create(null, "client 9");
  await assert.rejects(stage.host.create(null, "client 9"), refused);
});

test("case 21: a client's 65th session is refused, another client's first is not", async () => {
  const stage = new Stage();
  for (let number = 0; number < 64; number++) await stage.host.create(null, "one");
  await assert.rejects(stage.host.create(null, "one"), {
    kind: "limit",
    message: "too many sessions, client one",
  });
  await stage.host.create(null, "two");
  stage.host.end(stage.host.list()[0]?.id ?? "");
  await stage.host.create(null, "one");
});

test("case 21: a session that could not begin takes no place", async () => {
  const stage = new Stage({ maxSessions: 1 });
  await assert.rejects(stage.host.create({ speed: -1 }, "one"));
  await stage.host.create(null, "one");
});

test("case 22: two empty checks in a row end a session that nobody has asked for 60 to 90 s", async () => {
  const stage = new Stage();
  await stage.pass(1);
  const { id } = await stage.session();
  await stage.pass(28);
  await check(stage);
  assert.equal(stage.host.size, 1, "the lease of its creation has just ended");
  await check(stage);
  assert.equal(stage.host.size, 0);
  assert.throws(() => stage.host.find(id), { kind: "missing", message: "no such session" });
  assert.match(stage.logged.at(-1) ?? "", new RegExp(`^session ${id} of test ended \\(not in use`));
});

test("case 22: a stream keeps a session, which ends two checks after it was closed", async () => {
  const stage = new Stage();
  const session = await stage.session();
  const attachment = session.attach(new KeepingSink());
  for (let round = 0; round < 5; round++) await check(stage);
  session.detach(attachment);
  await check(stage);
  assert.equal(stage.host.size, 1);
  await check(stage);
  assert.equal(stage.host.size, 0);
});

test("case 22: requests keep a session without streams, and one request makes up for an empty check", async () => {
  const stage = new Stage();
  const { id } = await stage.session();
  for (let round = 0; round < 5; round++) {
    await stage.pass(1);
    stage.host.use(id);
    await stage.pass(CHECK - 1);
    stage.host.check();
    await check(stage);
    assert.equal(stage.host.size, 1, "one empty check");
  }
  await check(stage);
  assert.equal(stage.host.size, 0, "a second one in a row");
});

test("case 22: streams of a session that ends are told why", async () => {
  const stage = new Stage();
  const { session, sink } = await stage.attached();
  stage.host.end(session.id);
  assert.deepEqual(sink.shown.at(-1), { type: "end", reason: "deleted" });
  assert.deepEqual(sink.end, { how: "flush" });
  await assert.rejects(session.write("state", "play"), { kind: "missing" });
});

test("one-shot: the image at the start and the batches up to the end, within limits", async () => {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second);
  const { image, batches } = await stage.host.oneShots.answer({
    start: "2026-01-01T00:00:02Z",
    end: "2026-01-01T00:00:05Z",
  });
  assert.equal(image.type === "image" && image.events.length, 1);
  assert.equal(batches.length, 3);
  const whole = await stage.host.oneShots.answer(null);
  assert.equal(whole.batches.length, 10);
  for (const { given, says } of [
    { given: { start: "2026-01-02", end: "2026-01-02" }, says: /end must be later than start/ },
    { given: { start: "x" }, says: /^Error: invalid start: x is not a valid bound/ },
    { given: { filter: ["x"] }, says: /could not parse filter/ },
    { given: { pos: 1 }, says: /unknown argument specified: \[pos\]/ },
  ]) {
    await assert.rejects(stage.host.oneShots.answer(given), says);
  }
  const five = Array.from({ length: 5 }, () => stage.host.oneShots.answer(null));
  const results = await Promise.allSettled(five);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "fulfilled", "fulfilled", "fulfilled", "rejected"],
  );
});

test("one-shot: an answer of more than 100 MiB is refused before it is made", async () => {
  const stage = new Stage();
  const value = Buffer.alloc(80 << 20);
  stage.archive.append(START, [{ kind: "value", path: "/big", value }]);
  await assert.rejects(stage.host.oneShots.answer({ start: "2026-01-02" }), {
    kind: "too-large",
    message: "too large: more than 100 MiB",
  });
});
