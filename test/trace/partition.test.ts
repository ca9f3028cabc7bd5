import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ringHash, ringKey, slotAssigner } from "../../src/trace/partition.ts";

/** Where the reference library puts clients of the published trace. */
const vectors = [
  { client: "d51e1ab3", key: 1682144815, owners: { 2: 1, 3: 1, 5: 3 } },
  { client: "c095c6ec", key: 14170564, owners: { 2: 1, 3: 1, 5: 3 } },
  { client: "4053d99b", key: 1748589276, owners: { 2: 1, 3: 1, 5: 3 } },
  { client: "4fdf6ce6", key: 3588868307, owners: { 2: 1, 3: 2, 5: 4 } },
  { client: "0ee76ffa", key: 2864847589, owners: { 2: 1, 3: 2, 5: 4 } },
  { client: "68177dd0", key: 1638052267, owners: { 2: 0, 3: 0, 5: 0 } },
] as const;

for (const { client, key, owners } of vectors) {
  test(`client ${client} belongs to the nodes that the reference library chooses`, () => {
    assert.equal(ringKey(client), key);
    const bytes = Buffer.from(`<${client}>`);
    for (const [nodes, owner] of Object.entries(owners)) {
      const ring = ringHash(Number(nodes));
      assert.equal(ring.ownerOf(bytes, 1, 9), owner, `of ${nodes} nodes`);
      assert.equal(ring.ownerOf(bytes, 1, 9), owner, `of ${nodes} nodes, asked again`);
    }
  });
}

const ends = [
  { nodes: 2, first: 29694829, last: 4278953580 },
  { nodes: 3, first: 29694829, last: 4278953580 },
  { nodes: 5, first: 2927731, last: 4278953580 },
];

for (const { nodes, first, last } of ends) {
  test(`a ring of ${nodes} nodes has 120 points each, from ${first} to ${last}`, () => {
    const { points } = ringHash(nodes);
    assert.deepEqual([points.length, points[0], points.at(-1)], [120 * nodes, first, last]);
  });
}

test("a null client is placed like the empty text", () => {
  const ring = ringHash(5);
  const owner = ring.ownerOf(Buffer.alloc(0), -1, -1);
  assert.equal(ring.ownerOf(Buffer.from("abc"), 1, 1), owner);
});

test("slots follow the rule of the original for any sequence of operations", () => {
  const operation = fc.record({
    gap: fc.integer({ min: 0, max: 5 }),
    duration: fc.integer({ min: 0, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(operation), fc.integer({ min: 1, max: 9 }), (operations, slots) => {
      const assigner = slotAssigner(slots);
      const busy = new Array<number>(slots).fill(0);
      let delay = 0;
      for (const { gap, duration } of operations) {
        delay += gap;
        const expected = busy.indexOf(Math.min(...busy));
        const until = busy[expected] ?? 0;
        busy[expected] = until < delay ? delay + duration : until + duration;
        assert.equal(assigner.assign(delay, duration), expected);
      }
    }),
  );
});
