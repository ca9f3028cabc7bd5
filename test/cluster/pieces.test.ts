// The small parts: offsets of clocks, frames that may be sent again, what a node has, addresses.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bestOffset } from "../../src/cluster/clock-offset.ts";
import { isLoopback } from "../../src/cluster/direct/loopback.ts";
import { KeptFrames } from "../../src/cluster/kept-frames.ts";
import { OperationLedger } from "../../src/cluster/master/operation-ledger.ts";
import { countOperations } from "../../src/cluster/operation-run.ts";
import { operationRecordBytes, SEQ_AT } from "../../src/ring/operation-record.ts";

test("the offset of a clock lies within its bound, and the shortest of the rounds decides", () => {
  const way = fc.integer({ min: 0, max: 50e6 });
  const rounds = fc.array(fc.tuple(way, way, way), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(rounds, fc.integer({ min: -1e12, max: 1e12 }), (ways, truth) => {
      const told = ways.map(([there, stay, back], round) => {
        const asked = round * 1e9;
        const taken = asked + there + truth;
        return { asked, taken, answered: taken + stay, back: asked + there + stay + back };
      });
      const best = bestOffset(told);
      assert.ok(best !== undefined);
      assert.ok(Math.abs(best.offset - truth) <= best.bound + 1);
      assert.equal(best.bound, Math.min(...ways.map(([there, , back]) => (there + back) / 2)));
    }),
  );
  assert.equal(bestOffset([]), undefined);
});

test("kept frames are those that were not acknowledged, in order, and their bytes are known", () => {
  const steps = fc.array(
    fc.oneof(fc.record({ add: fc.nat(100) }), fc.record({ until: fc.nat(60) })),
  );
  fc.assert(
    fc.property(steps, (given) => {
      const kept = new KeptFrames();
      let model: { number: number; length: number }[] = [];
      for (const step of given) {
        if ("add" in step) {
          const { number } = kept.add(new Uint8Array(step.add), "results");
          model.push({ number, length: step.add });
        } else {
          const until = Math.min(step.until, kept.last);
          kept.acknowledge(until);
          model = model.filter(({ number }) => number > until);
        }
        assert.deepEqual(
          kept.unacknowledged().map(({ number, frame }) => ({ number, length: frame.length })),
          model,
        );
        assert.equal(
          kept.bytes,
          model.reduce((sum, { length }) => sum + length, 0),
        );
      }
    }),
  );
});

/** A record with nothing in it but its number. */
function operation(seq: number): Buffer {
  const bytes = operationRecordBytes({ targetBytes: 0, rowBytes: 0, keyBytes: 0, bodyBytes: 0 });
  const record = Buffer.alloc((bytes + 7) & ~7);
  record.writeInt32LE(record.length, 0);
  record.writeUInt32LE(seq, SEQ_AT);
  return record;
}

test("a ledger settles every operation once and knows what is open", () => {
  const batches = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 8 });
  fc.assert(
    fc.property(batches, fc.array(fc.nat(40)), (sizes, ended) => {
      const ledger = new OperationLedger();
      const open = new Set<number>();
      let seq = 0;
      sizes.forEach((size, batch) => {
        const records = Array.from({ length: size }, () => operation(seq++));
        const length = records[0]?.length ?? 0;
        ledger.enter(
          batch + 1,
          Buffer.concat(records),
          records.map((_, at) => at * length),
        );
        for (const record of records) open.add(record.readUInt32LE(SEQ_AT));
      });
      for (const one of ended) assert.equal(ledger.settle(one), open.delete(one));
      assert.equal(ledger.open, open.size);
      assert.deepEqual(
        ledger.takeOpen().map((record) => record.readUInt32LE(SEQ_AT)),
        [...open],
      );
      assert.equal(ledger.open, 0);
    }),
  );
});

test("records are counted, and bytes that are none are not", () => {
  const two = Buffer.concat([operation(1), operation(2)]);
  assert.equal(countOperations(two), 2);
  assert.equal(countOperations(Buffer.alloc(0)), 0);
  assert.equal(countOperations(two.subarray(0, two.length - 8)), -1);
  assert.equal(countOperations(Buffer.alloc(200)), -1);
});

for (const { host, is } of [
  { host: "127.0.0.1", is: true },
  { host: "127.9.9.9", is: true },
  { host: "localhost", is: true },
  { host: "::1", is: true },
  { host: "[::1]", is: true },
  { host: "::ffff:127.0.0.1", is: true },
  { host: "0.0.0.0", is: false },
  { host: "::", is: false },
  { host: "10.0.0.1", is: false },
  { host: "localhost.example.org", is: false },
]) {
  test(`${host} is ${is ? "this machine" : "an address that others can reach"}`, () => {
    assert.equal(isLoopback(host), is);
  });
}
