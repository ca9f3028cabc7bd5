import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../../../src/core/failure.ts";
import {
  ROW_CLASS_AT,
  ROW_ERROR_BYTES_AT,
  ROW_PATH_BYTES_AT,
  ROW_PULL_AT,
  ROW_PULLER_AT,
  ROW_TEXT_AT,
} from "../../../../src/ring/pull-row-record.ts";
import { allocateRing, RingConsumer } from "../../../../src/ring/record-ring.ts";
import { allocateBoard, BoardWord, PullBoard } from "../../../../src/workers/pull-board.ts";
import { ClassOf, pullClasses } from "../../../../src/workers/pull-classes.ts";
import type { PullRowChoice } from "../../../../src/workers/pull-plan.ts";
import { ClientRows, PullRows } from "../../../../src/workers/thread/puller/pull-rows.ts";

const ALL: PullRowChoice = { which: "share", share: 1 };
const times = { sentAt: 1, firstByteAt: 2, doneAt: 3 };
const good = { ...times, readyAt: 0, attempts: 1, status: 200, failure: Failure.none, special: "" };
const pulled = { ...times, isFirst: true, bytes: 7, status: 0, failed: "" };
const head = (path: string): Buffer => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);

function stable(choice: PullRowChoice) {
  const memory = allocateRing(4096);
  const board = new PullBoard(allocateBoard());
  const rows = new PullRows(memory, { choice, board, thread: 1, threads: 2 });
  return { rows, board, ring: new RingConsumer(memory) };
}

/** What came through: class, puller, pull, path and error. */
function read(ring: RingConsumer): [string, number, number, string, string][] {
  const told: [string, number, number, string, string][] = [];
  for (let at = ring.peek(); at >= 0; at = ring.peek()) {
    const { bytes, words } = ring;
    const word = (offset: number): number => words[(at + offset) >> 2] as number;
    const from = at + ROW_TEXT_AT;
    const middle = from + bytes.readUInt16LE(at + ROW_PATH_BYTES_AT);
    const to = middle + bytes.readUInt16LE(at + ROW_ERROR_BYTES_AT);
    told.push([
      pullClasses[bytes[at + ROW_CLASS_AT] as number] as string,
      word(ROW_PULLER_AT),
      word(ROW_PULL_AT),
      bytes.toString("latin1", from, middle),
      bytes.toString("latin1", middle, to),
    ]);
    ring.take();
  }
  return told;
}

test("a row names the puller, the pull and the path; a query stays at the cache, since elsewhere it may be a signature", () => {
  const { rows, ring } = stable(ALL);
  const client = new ClientRows(rows, 5);
  client.requestEnded({ ...good, type: ClassOf.probe }, 2, head("/v2/"));
  client.pullBegins(0);
  client.requestEnded({ ...good, type: ClassOf.layer }, 2, head("/v2/a/blobs/b?ns=u"));
  client.requestEnded({ ...good, type: ClassOf.redirected }, 2, head("/x?Signature=secret"));
  client.pullEnded(pulled);
  client.pullBegins(0);
  const failing = { ...good, status: 503, failure: Failure.http, type: ClassOf.layer };
  client.requestEnded(failing, 0, head("/v2/a/blobs/c"));
  client.pullEnded({ ...pulled, isFirst: false, failed: "aborted" });
  assert.deepEqual(read(ring), [
    ["probe", 5, -1, "/v2/", ""],
    ["layer", 5, 1, "/v2/a/blobs/b?ns=u", ""],
    ["redirected", 5, 1, "/x", ""],
    ["pull-first", 5, 1, "", ""],
    ["layer", 5, 3, "/v2/a/blobs/c", "status-5xx"],
  ]);
});

test("a token belongs to the puller that asked for it, however late it comes", async () => {
  const { rows, ring } = stable(ALL);
  const ask = async (url: string): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    rows.token({ ...times, bytes: 9, status: 200, failure: Failure.none, url });
  };
  const asked = [3, 4].map((puller) =>
    new ClientRows(rows, puller).asking(() => ask(`http://t/${puller}?service=s`)),
  );
  await Promise.all([...asked, ask("http://t/nobody")]);
  assert.deepEqual(read(ring), [
    ["token", 3, -1, "/3", ""],
    ["token", 4, -1, "/4", ""],
    ["token", -1, -1, "/nobody", ""],
  ]);
});

test("a sample has pulls with all of their requests, and as many as it says", () => {
  const { rows, ring } = stable({ which: "share", share: 0.25 });
  const client = new ClientRows(rows, 0);
  let drawn = 0;
  for (let pull = 0; pull < 1000; pull++) {
    client.pullBegins(0);
    client.requestEnded({ ...good, type: ClassOf.layer }, 1, head("/"));
    client.pullEnded(pulled);
    const told = read(ring);
    ring.release();
    assert.ok(told.length === 0 || told.length === 2);
    drawn += told.length / 2;
  }
  assert.ok(drawn > 200 && drawn < 300, String(drawn));
});

test("a ring that is full loses rows and counts each of them", () => {
  const { rows, board, ring } = stable(ALL);
  const client = new ClientRows(rows, 0);
  for (let request = 0; request < 100; request++)
    client.requestEnded({ ...good, type: ClassOf.layer }, 1, head("/"));
  const kept = read(ring).length;
  assert.ok(kept > 0 && kept < 100);
  assert.equal(board.get(BoardWord.rowsLost), 100 - kept);
});

test("errors alone are those of requests and of pulls", () => {
  const { rows, ring } = stable({ which: "errors" });
  const client = new ClientRows(rows, 0);
  client.pullBegins(0);
  client.requestEnded({ ...good, type: ClassOf.config }, 1, head("/"));
  client.requestEnded(
    { ...good, type: ClassOf.layer, failure: Failure.digest_mismatch, special: "size" },
    1,
    head("/l"),
  );
  client.pullEnded({ ...pulled, failed: "size" });
  assert.deepEqual(read(ring), [
    ["layer", 0, 1, "/l", "size"],
    ["pull-first", 0, 1, "", "size"],
  ]);
});
