import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { ProcessorWatch } from "../../../src/workers/thread/processor-time.ts";

const told = existsSync("/proc/thread-self/schedstat");

test("processor time: a busy thread wants a processor all the time, whoever else wants it; a sleeping one does not", (t) => {
  if (!told) {
    t.skip("needs Linux with /proc/thread-self/schedstat");
    return;
  }
  const watch = new ProcessorWatch();
  for (const until = performance.now() + 60; performance.now() < until; );
  const busy = watch.shares();
  assert.ok(busy.wanted > 0.9, `wanted ${busy.wanted}`);
  assert.ok(busy.starved >= 0 && busy.starved <= busy.wanted);
  watch.restart();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  const asleep = watch.shares();
  assert.ok(asleep.wanted < 0.9, `wanted ${asleep.wanted}`);
  assert.ok(asleep.wanted >= asleep.starved);
});
