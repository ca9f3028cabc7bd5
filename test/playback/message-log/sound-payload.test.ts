import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isPlainObject, pack, unpack } from "../../../src/playback/message-log/payload.ts";
import { isMap, isSurelySound } from "../../../src/playback/message-log/sound-payload.ts";

const bytesOf = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");

for (const { why, hex } of [
  { why: "no byte", hex: "" },
  { why: "a text that is cut off", hex: "a5 6162" },
  { why: "a number that is cut off", hex: "cb 00" },
  { why: "a list with an entry missing", hex: "92 01" },
  { why: "a map with a value missing", hex: "81 a161" },
  { why: "a size that is cut off", hex: "dc 00" },
  { why: "a binary value shorter than it says", hex: "c5 0004 010203" },
  { why: "two values", hex: "01 02" },
  { why: "the byte that means nothing", hex: "c1" },
  { why: "the forbidden key", hex: "81 a95f5f70726f746f5f5f 01" },
  { why: "a key that is a list", hex: "81 9101 01" },
  { why: "endless nesting", hex: "91".repeat(1000) },
  { why: "an extension, which only the decoder knows", hex: "d4 05 00" },
]) {
  test(`a payload is not surely sound: ${why}`, () => {
    assert.equal(isSurelySound(bytesOf(hex)), false);
  });
}

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(
      null,
      true,
      false,
      -1,
      -33,
      127,
      128,
      70_000,
      2 ** 40,
      -(2 ** 40),
      0.5,
    ),
    fc.string(),
    fc.string({ minLength: 40, maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,20}$/), tie("value"), { maxKeys: 20 }),
  ),
})).value;

test("payload: every packed value is surely sound, and no beginning of it is", () => {
  fc.assert(
    fc.property(value, fc.double({ min: 0, max: 0.999, noNaN: true }), (one, share) => {
      const bytes = pack(one);
      assert.equal(isSurelySound(bytes), true);
      assert.equal(isMap(bytes), isPlainObject(unpack(bytes)));
      assert.equal(isSurelySound(bytes.subarray(0, Math.floor(bytes.length * share))), false);
    }),
  );
});

test("payload: what is surely sound can be unpacked, whatever the bytes", () => {
  const damaged = fc.tuple(value, fc.nat(), fc.nat(255)).map(([one, at, byte]) => {
    const bytes = Uint8Array.from(pack(one));
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      if (isSurelySound(bytes)) unpack(bytes);
    }),
    { numRuns: 2000 },
  );
});
