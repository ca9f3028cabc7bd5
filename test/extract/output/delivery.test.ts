import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { type DeliveryPlan, deliver } from "../../../src/extract/output/delivery.ts";

const PIECES = 40;
const finishedFile = {
  manifest: {},
  facts: { sha256: "", bytes: PIECES },
  checks: { columns: [], quasiIdentifiers: [], leaks: [] },
};

function plan(standardOutput: Writable): DeliveryPlan {
  return {
    output: "-",
    standardOutput,
    verify: undefined,
    notice: (line) => assert.fail(line),
  };
}

function unnamed() {
  const ends: string[] = [];
  const file = {
    rename: () => void ends.push("named"),
    discard: () => void ends.push("discarded"),
    *pieces() {
      for (let piece = 0; piece < PIECES; piece++) yield Buffer.from("x");
    },
  };
  return { file, ends };
}

test("a trace goes to a slow standard output piece by piece, which is waited for and left as it was", async () => {
  let text = "";
  const slow = new Writable({
    highWaterMark: 1,
    write(piece: Buffer, _encoding, done) {
      text += piece.toString();
      setImmediate(done);
    },
  });
  const { file, ends } = unnamed();
  await deliver(file, { plan: plan(slow), ...finishedFile });
  assert.deepEqual([text, ends], ["x".repeat(PIECES), ["discarded"]]);
  const left = ["drain", "error", "finish", "close"].map((event) => slow.listenerCount(event));
  assert.deepEqual(left, [0, 0, 0, 0]);
});

test("a standard output whose reader goes away ends the copy with its error", async () => {
  const gone = new Writable({
    highWaterMark: 1,
    write: (_piece, _encoding, done) => done(new Error("EPIPE")),
  });
  const { file } = unnamed();
  await assert.rejects(deliver(file, { plan: plan(gone), ...finishedFile }), /EPIPE/);
});
