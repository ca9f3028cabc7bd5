import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TextBuffer } from "../../../src/workers/collector/text-buffer.ts";

function written(write: (text: TextBuffer) => void): string {
  const text = new TextBuffer(64);
  write(text);
  return text.bytes.toString("latin1", 0, text.length);
}

for (const { name, write, expected } of [
  { name: "zero", write: (text: TextBuffer) => text.integer(0), expected: "0" },
  { name: "a negative number", write: (text: TextBuffer) => text.integer(-42), expected: "-42" },
  {
    name: "the largest safe integer",
    write: (text: TextBuffer) => text.integer(2 ** 53 - 1),
    expected: "9007199254740991",
  },
  {
    name: "nanoseconds as seconds",
    write: (text: TextBuffer) => text.seconds(1_234_567),
    expected: "0.001234567",
  },
  {
    name: "negative nanoseconds",
    write: (text: TextBuffer) => text.seconds(-500_000_000),
    expected: "-0.500000000",
  },
  {
    name: "wall-clock microseconds",
    write: (text: TextBuffer) => text.secondsOfMicros(1_497_919_203_589_001),
    expected: "1497919203.589001",
  },
]) {
  test(`text buffer: writes ${name}`, () => assert.equal(written(write), expected));
}

test("text buffer: any whole number reads back as itself", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      assert.equal(Number(written((text) => text.integer(value))), value);
    }),
  );
});

test("text buffer: any number of nanoseconds reads back within half a nanosecond", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (value) => {
      const read = Number(written((text) => text.seconds(value)));
      assert.equal(Math.round(read * 1e9), value);
    }),
  );
});

test("text buffer: it grows when a row needs more room, and keeps what it holds", () => {
  const text = new TextBuffer(8);
  text.integer(12345678);
  text.reserve(100);
  text.piece(Buffer.from(" and more"));
  assert.equal(text.bytes.toString("latin1", 0, text.length), "12345678 and more");
});

for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
  test(`text buffer: ${value} is no number of a row`, () => {
    const text = new TextBuffer(64);
    assert.throws(() => text.integer(value), /invariant broken: a row holds numbers/);
    assert.throws(() => text.seconds(value), /invariant broken: a row holds numbers/);
  });
