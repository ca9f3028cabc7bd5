import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DrayageError } from "../../src/core/errors.ts";
import { ByteMap, KEY_BYTES_MAX } from "../../src/trace/byte-map.ts";
import { recordBlock } from "../../src/trace/record-view.ts";

const add = (map: ByteMap, key: Buffer): number => map.add(key, 0, key.length);
const find = (map: ByteMap, key: Buffer): number => map.find(key, 0, key.length);

test("byte map: behaves like a map from text to order of appearance", () => {
  const keys = fc.array(fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)));
  fc.assert(
    fc.property(keys, keys, (added, asked) => {
      const map = new ByteMap();
      const model = new Map<string, number>();
      for (const key of added) {
        const name = key.toString("hex");
        const expected = model.get(name) ?? model.size;
        model.set(name, expected);
        assert.equal(add(map, key), expected);
      }
      assert.equal(map.size, model.size);
      for (const key of [...added, ...asked]) {
        assert.equal(find(map, key), model.get(key.toString("hex")) ?? -1);
      }
      for (const [name, number] of model) assert.equal(map.keyOf(number).toString("hex"), name);
    }),
  );
});

test("byte map: many keys at once are found as one by one", () => {
  const key = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 9 });
  fc.assert(
    fc.property(fc.array(key), fc.array(key), (added, asked) => {
      const map = new ByteMap();
      for (const one of added) add(map, Buffer.from(one));
      const from = Int32Array.from(asked, (_, i) => asked.slice(0, i).join("").length + 1);
      const to = from.map((start, i) => start + (asked[i] ?? "").length);
      const block = recordBlock(Buffer.from(`.${asked.join("")}.`));
      const numbers = new Int32Array(asked.length);
      map.findAll({ block, from, to, count: asked.length }, numbers);
      assert.deepEqual(
        [...numbers],
        asked.map((one) => find(map, Buffer.from(one))),
      );
    }),
  );
});

test("byte map: a key is the bytes between from and to, wherever they stand", () => {
  const map = new ByteMap();
  assert.equal(map.add(Buffer.from("xxabcyy"), 2, 5), 0);
  assert.equal(map.find(Buffer.from("abc"), 0, 3), 0);
  assert.equal(map.find(Buffer.from("-----abcd"), 5, 8), 0);
  assert.equal(map.find(Buffer.from("-----abcd"), 5, 9), -1);
  assert.equal(map.find(Buffer.from(""), 0, 0), -1);
  assert.equal(map.add(Buffer.from(""), 0, 0), 1);
  assert.equal(map.find(Buffer.from("zz"), 1, 1), 1);
});

test("byte map: keeps its own copy of a key", () => {
  const map = new ByteMap();
  const key = Buffer.from("first");
  add(map, key);
  key.write("other");
  assert.equal(find(map, key), -1);
  assert.equal(map.keyOf(0).toString(), "first");
});

test("byte map: many keys survive every growth of the tables and segments", () => {
  const map = new ByteMap();
  const key = Buffer.alloc(64);
  const count = 60_000;
  const write = (number: number): number =>
    key.write(`v2/${number % 97}/repository/blobs/${number}`);
  for (let number = 0; number < count; number++)
    assert.equal(map.add(key, 0, write(number)), number);
  for (let number = 0; number < count; number++)
    assert.equal(map.find(key, 0, write(number)), number);
  assert.equal(map.find(key, 0, write(count)), -1);
  assert.equal(map.size, count);
});

test("byte map: keys of up to 1 MiB fit, a longer one is refused", () => {
  const map = new ByteMap();
  const longest = Buffer.alloc(KEY_BYTES_MAX, 97);
  add(map, Buffer.from("short"));
  assert.equal(add(map, longest), 1);
  assert.equal(add(map, Buffer.from("after")), 2);
  assert.equal(find(map, longest), 1);
  assert.equal(map.keyOf(2).toString(), "after");
  const longer = Buffer.alloc(KEY_BYTES_MAX + 1, 97);
  assert.throws(() => add(map, longer), DrayageError);
  assert.equal(map.size, 3);
});
