// The verb as its user types it: `drayage record` in front of docker-registry, ended by a signal, its archive used at once.
import { equal, match, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { needsDockerRegistry, startDockerRegistry } from "../fakes/docker-registry.ts";
import { makeOciImage, needsUmoci } from "../fakes/oci-image.ts";
import { until, Workplace } from "./workplace.ts";

const run = promisify(execFile);

test("drayage record in front of a registry: skopeo pushes and pulls, a signal ends it, its archive is a trace", async (t) => {
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  const image = makeOciImage();
  if (image === undefined) return t.skip(needsUmoci);
  t.after(() => image.remove());
  const place = new Workplace();
  t.after(() => place.leave());
  place.write(
    "record.json",
    JSON.stringify({
      archive_directory: "archive",
      proxy: { listen: "127.0.0.1:0", upstream: registry.url },
      record: { spec: ["/v2/**"] },
    }),
  );
  const recorder = place.start(["record", "--config", "record.json"]);
  const origin = (): string | undefined =>
    /http:\/\/127\.0\.0\.1:\d+(?= in front)/.exec(recorder.said())?.[0];
  await until(() => origin() !== undefined, "the recorder listens");
  const through = `docker://${new URL(origin() ?? "").host}/lib/app:v1`;
  await run("skopeo", ["copy", "--dest-tls-verify=false", image.reference, through]);
  await run("skopeo", ["copy", "--src-tls-verify=false", through, `oci:${image.directory}/o:v1`]);
  recorder.child.kill("SIGINT");
  const ended = await recorder.ended;
  equal(ended.code, 0, ended.err);
  match(ended.err, /\d+ exchanges, .*in the proxy p50 [\d.]+ ms, p99 [\d.]+ ms/);
  const info = await place.drayage(["trace", "info", "archive:archive", "--json"]);
  equal(info.code, 0, info.err);
  const told = /(\d+) records of (\d+) exchanges/.exec(info.err);
  const seen = registry.accessLog().filter((line) => line.includes("skopeo"));
  equal(Number(told?.[2]), seen.length);
  ok(Number(told?.[1]) > 5);
});
