import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import {
  FRAME_BYTES_MAX,
  MessageDecoder,
  MessageEncoder,
  PROTOCOL,
} from "../../src/cluster/protocol/codec.ts";
import { controlOrders, type Message, refusalReasons } from "../../src/cluster/protocol/message.ts";

const bytes = fc.uint8Array({ maxLength: 2000 });
const count = fc.nat();
const time = fc.double({ noNaN: true, noDefaultInfinity: true });
const text = fc.string();
const numbers = fc.dictionary(fc.string({ minLength: 1, maxLength: 6 }), fc.double());
const distribution = fc.option(bytes);

const snapshot = fc.record({
  start: time,
  end: time,
  classes: fc.array(
    fc.record({
      operation: text,
      sums: fc.array(time),
      errors: numbers,
      statuses: numbers,
      times: fc.array(distribution),
    }),
    { maxLength: 3 },
  ),
  lateness: distribution,
  connect: distribution,
  bins: fc.array(count),
  sizes: fc.array(distribution),
  meanInFlight: fc.double(),
  counts: fc.array(time),
  health: fc.array(numbers, { maxLength: 2 }),
});

const health = fc.record({
  firstSentNs: fc.double(),
  cuts: count,
  longestCutMs: time,
  clockStepMs: time,
  held: count,
  dropped: count,
  unknown: count,
});

const type = <T extends string>(word: T) => fc.constant(word);

const pullOrders = {
  atNs: fc.double(),
  cut: fc.boolean(),
  orders: fc.array(
    fc.oneof(
      fc.record({ type: fc.constantFrom("step", "abort", "finish") }),
      fc.record({ type: type("stop"), puller: count }),
      fc.record({ type: type("herd-release"), at: time }),
    ),
    { maxLength: 3 },
  ),
};

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: type("hello"),
    version: text,
    name: text,
    cores: count,
    memoryBytes: count,
    clockNs: time,
    wallUs: time,
  }),
  fc.record({ type: type("ready") }),
  fc.record({
    type: type("refuse"),
    reason: fc.constantFrom(...refusalReasons),
    sentence: text,
  }),
  fc.record({ type: type("clock-ask"), round: count, askedNs: time }),
  fc.record({
    type: type("clock-answer"),
    round: count,
    askedNs: time,
    takenNs: time,
    answeredNs: time,
    wallUs: time,
  }),
  fc.record({
    type: type("ops"),
    layout: count,
    batch: count,
    count,
    records: bytes,
    last: fc.boolean(),
  }),
  fc.record({ type: type("taken"), batch: count }),
  fc.record({ type: type("start"), atNs: time, wallUs: time }),
  fc.record({
    type: type("snapshot"),
    number: count,
    snapshot,
    seconds: fc.array(count),
    operations: fc.array(count),
    board: fc.array(time),
  }),
  fc.record({ type: type("pull-orders"), ...pullOrders }),
  fc.record({
    type: type("pull-schedule"),
    fromNs: time,
    entries: fc.array(fc.record(pullOrders), { maxLength: 3 }),
  }),
  fc.record({ type: type("pull-halt"), atNs: time }),
  fc.record({
    type: type("pull-told"),
    message: fc.oneof(
      fc.record({ type: type("ended"), puller: count, exhausted: fc.boolean() }),
      fc.record({
        type: type("herd-done"),
        clients: fc.array(fc.record({ sentAt: fc.double(), doneAt: time, failed: text })),
      }),
    ),
  }),
  fc.record({
    type: type("pull-end"),
    end: fc.record({
      errors: fc.constant([]),
      images: fc.array(fc.record({ puller: count, image: count, pulls: count, failures: count })),
      saved: fc.constant([]),
      unsaved: fc.option(fc.record({ count, why: fc.string() })),
      connectionsOpened: count,
    }),
  }),
  fc.record({ type: type("results"), layout: count, batch: count, count, records: bytes }),
  fc.record({ type: type("skipped"), batch: count, lines: bytes }),
  fc.record({
    type: type("control"),
    id: text,
    order: fc.constantFrom(...controlOrders),
    atNs: time,
    factor: time,
  }),
  fc.record({
    type: type("done"),
    snapshots: count,
    results: count,
    skipped: count,
    rows: count,
    counts: numbers,
    feed: fc.constant(null),
    health,
  }),
  fc.record({ type: type("failed"), code: text, sentence: text }),
  fc.record({ type: type("heartbeat"), clockNs: time }),
  fc.record({ type: type("end"), sentence: text }),
);

/** Byte strings are views of the frame: compared as what they hold. Mappings come back as plain objects. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  // MessagePack writes whole numbers as such, and those have no negative zero.
  if (typeof value !== "object" || value === null) return value === 0 ? 0 : value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

test("any message comes out as it went in, whole or in parts of any length", () => {
  fc.assert(
    fc.property(messages, fc.integer({ min: 20, max: 4000 }), (message, frameBytes) => {
      const encoder = new MessageEncoder({ frameBytes });
      const decoder = new MessageDecoder();
      const decoded = encoder.encode(message).map((frame) => {
        assert.ok(frame.length <= frameBytes);
        return decoder.decode(frame);
      });
      const last = decoded.pop();
      assert.ok(decoded.every(({ kind }) => kind === "part"));
      assert.equal(last?.kind, "message");
      assert.deepEqual(plain(last?.kind === "message" ? last.message : undefined), plain(message));
    }),
  );
});

test("a message longer than a frame is split, and every frame keeps to its length", () => {
  const records = new Uint8Array(3 * FRAME_BYTES_MAX).fill(7);
  const message: Message = { type: "results", layout: 1, batch: 1, count: 0, records };
  const frames = new MessageEncoder().encode(message);
  assert.ok(frames.length > 3 && frames.every((frame) => frame.length <= FRAME_BYTES_MAX));
});

test("parts of messages of different lanes may be mixed", () => {
  const encoder = new MessageEncoder({ frameBytes: 64 });
  const decoder = new MessageDecoder();
  const of = (letter: string): Message => ({ type: "end", sentence: letter.repeat(500) });
  const [one, other] = [encoder.encode(of("a")), encoder.encode(of("b"))];
  const mixed = one.flatMap((frame, part) => [frame, other[part] as Uint8Array]);
  const heard = mixed.flatMap((frame) => {
    const decoded = decoder.decode(frame);
    return decoded.kind === "message" ? [decoded.message] : [];
  });
  assert.deepEqual(heard, [of("a"), of("b")]);
});

test("no bytes whatever bring the decoder down, and none of a cut message are taken for one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      assert.notEqual(new MessageDecoder().decode(noise).kind, "message");
    }),
  );
  fc.assert(
    fc.property(messages, fc.nat(), (message, cut) => {
      const [frame] = new MessageEncoder().encode(message) as [Uint8Array];
      const { kind } = new MessageDecoder().decode(frame.subarray(0, cut % frame.length));
      assert.equal(kind, "rejected");
    }),
  );
});

const framed = (
  value: unknown,
  { major = PROTOCOL.major, minor = PROTOCOL.minor }: { major?: number; minor?: number } = {},
): Buffer => Buffer.concat([Uint8Array.of(0x44, major, minor, 0), encode(value)]);

for (const { name, frame, reason } of [
  { name: "nothing", frame: Buffer.alloc(0), reason: "not a frame of drayage's cluster protocol" },
  {
    name: "another major version",
    frame: framed({ type: "ready" }, { major: 2 }),
    reason: "protocol version 2.0; 1.x is spoken here",
  },
  {
    name: "a field of the wrong type",
    frame: framed({ type: "taken", batch: "1" }),
    reason: 'a message "taken" whose "batch" is not as it must be',
  },
  {
    name: "a missing field",
    frame: framed({ type: "start", atNs: 1 }),
    reason: 'a message "start" whose "wallUs" is not as it must be',
  },
  { name: "no mapping", frame: framed([1]), reason: "a message without a type" },
  {
    name: "a type that this version should know",
    frame: framed({ type: "dance" }),
    reason: 'a message of the unknown type "dance"',
  },
  {
    name: "a part without its beginning",
    frame: Buffer.concat([
      Uint8Array.of(0x44, 1, 0, 1),
      Buffer.from([9, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]),
    ]),
    reason: "part 1 of 3 of a message whose beginning is not there",
  },
]) {
  test(`rejected with its reason: ${name}`, () => {
    assert.deepEqual(new MessageDecoder().decode(frame), { kind: "rejected", reason });
  });
}

test("a type that only a newer minor version has is ignored and counted", () => {
  const decoder = new MessageDecoder();
  const newer = framed({ type: "dance", steps: 3 }, { minor: PROTOCOL.minor + 1 });
  assert.deepEqual(decoder.decode(newer), { kind: "unknown", type: "dance" });
  assert.equal(decoder.unknown, 1);
});
