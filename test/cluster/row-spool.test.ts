import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { RowSpool } from "../../src/cluster/node/row-spool.ts";

const folder = mkdtempSync(join(tmpdir(), "row-spool-"));
process.once("exit", () => rmSync(folder, { recursive: true }));

test("batches come back as they were put, and those beyond the bound are refused whole", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })), (puts) => {
      const spool = new RowSpool(folder, 2000);
      let bytes = 0;
      const kept: Uint8Array[] = [];
      for (const [count, records] of puts.entries()) {
        const isKept = spool.put({ records: Buffer.from(records), count });
        assert.equal(isKept, bytes + records.length <= 2000);
        if (!isKept) continue;
        bytes += records.length;
        kept.push(records);
      }
      assert.deepEqual(
        [...spool.batches()].map(({ records }) => new Uint8Array(records)),
        kept,
      );
      spool.close();
    }),
  );
});

test("nothing stands in the folder, whatever becomes of the process", () => {
  const spool = new RowSpool(folder);
  spool.put({ records: Buffer.from("row"), count: 1 });
  assert.deepEqual(readdirSync(folder), []);
  spool.close();
});

test("a file that cannot be written or read any more gives no rows, and says so", () => {
  const spool = new RowSpool(folder);
  assert.ok(spool.put({ records: Buffer.from("row"), count: 3 }));
  spool.close();
  assert.equal(spool.put({ records: Buffer.from("row"), count: 1 }), false);
  assert.deepEqual([...spool.batches()], [{ records: Buffer.alloc(0), count: 3 }]);
});
