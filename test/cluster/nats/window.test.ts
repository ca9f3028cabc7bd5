// A window of messages against servers that fail in every way that theirs can: what readers are told must not depend on it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { StreamOrder, WINDOW_MESSAGES } from "../../../src/cluster/nats/stream-order.ts";
import { StreamWriter, type WriterPatience } from "../../../src/cluster/nats/stream-writer.ts";

/** What becomes of an attempt to publish. */
type Fate =
  /** Kept, and answered after so many turns. */
  | { readonly kind: "kept"; readonly turns: number }
  /** Kept, and nobody hears of it. */
  | { readonly kind: "answer lost"; readonly turns: number }
  /** On its way for some time, and then kept, when it has been given up long ago. */
  | { readonly kind: "late"; readonly turns: number }
  /** There is no leader, or no connection. */
  | { readonly kind: "refused"; readonly turns: number };

const quick: WriterPatience = { publishMs: 60_000, answerMs: 1, againMs: 0 };

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

/** Keeps what comes, each id once, as a stream does. Attempts beyond the list of fates succeed. */
class FailingStream {
  readonly kept: { readonly number: number; readonly frame: Uint8Array }[] = [];
  readonly #ids = new Set<string>();
  readonly #fates: Fate[];
  attempts = 0;
  underWay = 0;
  mostUnderWay = 0;
  /** How far a message that was kept was ahead of one that was not. */
  furthest = 0;

  constructor(fates: readonly Fate[]) {
    this.#fates = [...fates];
  }

  #keep(id: string, frame: Uint8Array): void {
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    const number = Number(id.split(" ").at(-1));
    this.kept.push({ number, frame });
    const numbers = new Set(this.kept.map((one) => one.number));
    let missing = 1;
    while (numbers.has(missing)) missing++;
    this.furthest = Math.max(this.furthest, number - missing);
  }

  async publish(frame: Uint8Array, { msgID }: { readonly msgID: string }): Promise<void> {
    this.attempts++;
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    const fate = this.#fates.shift() ?? { kind: "kept", turns: 1 };
    try {
      await turns(fate.turns);
      if (fate.kind === "kept" || fate.kind === "answer lost") this.#keep(msgID, frame);
      if (fate.kind === "late") void turns(fate.turns * 2).then(() => this.#keep(msgID, frame));
      if (fate.kind !== "kept") throw new Error(fate.kind);
    } finally {
      this.underWay--;
    }
  }
}

const fates = fc.array(
  fc.record({
    kind: fc.constantFrom("kept", "kept", "kept", "answer lost", "late", "refused"),
    turns: fc.integer({ min: 0, max: 12 }),
  }) as fc.Arbitrary<Fate>,
  { maxLength: 120 },
);

const frameOf = (number: number): Buffer => Buffer.from(`frame ${number}`);

function writing(stream: FailingStream, failures: string[], patience = quick): StreamWriter {
  return new StreamWriter({
    title: "t",
    publish: (bytes, asked) => stream.publish(bytes, asked),
    fail: (reason) => failures.push(reason),
    patience,
  });
}

/** What a reader of the stream is told. */
function told(kept: FailingStream["kept"]): string[] {
  const order = new StreamOrder();
  const frames: string[] = [];
  for (const { number, frame } of kept) {
    const isWhole = order.take({ term: 1, number, frame }, (next) =>
      frames.push(Buffer.from(next).toString()),
    );
    assert.ok(isWhole, `message ${number} is further ahead than a window`);
  }
  return frames;
}

describe("a window of messages", () => {
  test("whatever is lost, late or refused: readers are told everything, once, in order", async () => {
    await fc.assert(
      fc.asyncProperty(fates, fc.integer({ min: 1, max: 90 }), async (given, count) => {
        const stream = new FailingStream(given);
        const failures: string[] = [];
        const writer = writing(stream, failures);
        for (let number = 1; number <= count; number++) {
          writer.write(number, frameOf(number));
          if (number % 7 === 0) await turn();
        }
        await writer.settled();
        assert.deepEqual([failures, writer.bytes, writer.waiting], [[], 0, []]);
        assert.ok(stream.mostUnderWay <= WINDOW_MESSAGES);
        assert.ok(stream.furthest < WINDOW_MESSAGES);
        assert.deepEqual(
          told(stream.kept),
          Array.from({ length: count }, (_, i) => `frame ${i + 1}`),
        );
      }),
      { numRuns: 60 },
    );
  });

  test("one that answers gets a window at once, one that fails a message at a time", async () => {
    const slow = (kind: Fate["kind"]): Fate => ({ kind, turns: 20 });
    const good = new FailingStream(Array.from({ length: 200 }, () => slow("kept")));
    const writer = writing(good, []);
    for (let number = 1; number <= 200; number++) writer.write(number, frameOf(number));
    await writer.settled();
    assert.equal(good.mostUnderWay, WINDOW_MESSAGES);
    const bad = new FailingStream(Array.from({ length: 20 }, () => slow("refused")));
    const other = writing(bad, []);
    for (let number = 1; number <= 5; number++) other.write(number, frameOf(number));
    while (bad.attempts < 20) await turn();
    assert.equal(bad.mostUnderWay, 1);
    await other.settled();
    assert.deepEqual(told(bad.kept).length, 5);
  });

  test("bytes under way are bounded as well, and a message beyond the bound goes alone", async () => {
    const stream = new FailingStream(
      Array.from({ length: 100 }, () => ({ kind: "kept", turns: 20 }) as const),
    );
    const writer = writing(stream, []);
    for (let number = 1; number <= 60; number++) writer.write(number, Buffer.alloc(1024 ** 2));
    writer.write(61, Buffer.alloc(5 * 1024 ** 2));
    assert.equal(writer.bytes, 65 * 1024 ** 2);
    await writer.settled();
    assert.equal(stream.mostUnderWay, 4);
    assert.equal(stream.kept.length, 61);
  });

  test("servers that keep nothing end it once, with what is left in order", async () => {
    const stream = new FailingStream(
      Array.from({ length: 500 }, (_, i) =>
        i === 1 || i > 2 ? ({ kind: "refused", turns: 0 } as const) : { kind: "kept", turns: 0 },
      ),
    );
    const failures: string[] = [];
    const writer = writing(stream, failures, { ...quick, publishMs: 50 });
    for (let number = 1; number <= 6; number++) writer.write(number, frameOf(number));
    await writer.settled();
    assert.deepEqual(failures, ["the servers kept nothing for 0.05 s: refused"]);
    const left = writer.waiting.map((bytes) => Buffer.from(bytes).toString());
    const kept = stream.kept.map(({ number }) => `frame ${number}`);
    assert.deepEqual(
      [...kept, ...left].toSorted(),
      [1, 2, 3, 4, 5, 6].map((number) => `frame ${number}`),
    );
    writer.write(7, frameOf(7));
    assert.equal(stream.attempts > 2, true);
    assert.ok(!writer.waiting.some((bytes) => Buffer.from(bytes).toString() === "frame 7"));
  });
});

describe("the order of a stream", () => {
  const taken = (messages: readonly (readonly [term: number, number: number, frame: string])[]) => {
    const order = new StreamOrder();
    const frames: string[] = [];
    const whole = messages.map(([term, number, frame]) =>
      order.take({ term, number, frame: Buffer.from(frame) }, (next) =>
        frames.push(Buffer.from(next).toString()),
      ),
    );
    return { frames, whole: whole.every((one) => one) };
  };

  test("a new master's first message cuts off what the one before wrote behind it, or left behind a hole", () => {
    const { frames, whole } = taken([
      [1, 1, "a"],
      [1, 2, "b"],
      [1, 4, "lost with its master"],
      [2, 1, ""],
      [1, 3, "kept too late"],
      [2, 2, "c"],
      [1, 5, "of a master that woke up"],
      [2, 4, "e"],
      [2, 3, "d"],
      [2, 2, "c"],
      [3, 1, ""],
      [2, 5, "of another one"],
      [3, 2, "f"],
    ]);
    assert.deepEqual([frames, whole], [["a", "b", "c", "d", "e", "f"], true]);
  });

  test("a message further ahead than any writer goes says that the servers dropped one", () => {
    assert.equal(taken([[1, WINDOW_MESSAGES, "still to be told"]]).whole, true);
    assert.equal(taken([[1, WINDOW_MESSAGES + 1, "never"]]).whole, false);
  });
});
