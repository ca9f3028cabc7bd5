// node recording-proxy-responder.ts UPSTREAM DIRECTORY: a recording proxy that writes an archive. Prints its port; answers
// each line of stdin with its count of exchanges and the overhead by its own histogram, p50 and p99 in ns; ends with stdin.
import { createInterface } from "node:readline";
import { ArchiveWriter } from "../src/archive/archive-writer.ts";
import { micros } from "../src/core/units.ts";
import { BatchQueue } from "../src/record/batch-queue.ts";
import { RecordingProxy } from "../src/record/proxy/recording-proxy.ts";

const [upstream = "", directory = ""] = process.argv.slice(2);
const writer = await ArchiveWriter.open({
  directory,
  source: { kind: "proxy", spec: ["/**"], host: "bench" },
});
const queue = new BatchQueue({
  store: writer,
  slack: 100,
  now: () => micros(Date.now() * 1000),
  onRefused: (error) => {
    throw error;
  },
});
const proxy = await RecordingProxy.start(
  { listen: { host: "127.0.0.1", port: 0 }, upstream },
  queue.sink("drop"),
);
console.log(proxy.port);
const lines = createInterface(process.stdin);
lines.on("line", () => {
  const { exchanges, overhead } = proxy.state();
  console.log(`${exchanges} ${queue.state().lostBatches} ${overhead.p50} ${overhead.p99}`);
});
lines.once("close", async () => {
  await proxy.close();
  await queue.drain();
  await writer.close();
});
