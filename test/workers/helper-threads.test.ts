import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { test } from "node:test";
import { lowerHelperThreads } from "../../src/workers/helper-threads.ts";

test("threads that compile and collect garbage give way, and no other thread does", (t) => {
  if (process.platform !== "linux") return t.skip("threads have names on Linux only");
  const before = getPriority();
  const threads = readdirSync("/proc/self/task").map((thread) => ({
    thread: Number(thread),
    isHelper: readFileSync(`/proc/self/task/${thread}/comm`, "latin1") === "V8Worker\n",
  }));
  const helpers = threads.filter(({ isHelper }) => isHelper).length;
  assert.ok(helpers > 0);
  assert.equal(lowerHelperThreads(), helpers);
  for (const { thread, isHelper } of threads)
    assert.equal(getPriority(thread), isHelper ? Math.max(before, 10) : before);
});
