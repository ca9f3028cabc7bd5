// proxy.anonymize and proxy.catalog against real registries and a real archive.
import { deepEqual, equal, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { millis } from "../../../src/core/units.ts";
import { needsDockerRegistry, startDockerRegistry } from "../../fakes/docker-registry.ts";
import { makeOciImage, needsUmoci } from "../../fakes/oci-image.ts";
import { startProxyArchive } from "../../fakes/proxy-archive.ts";
import { ask } from "./recorded-proxy.ts";

const run = promisify(execFile);
const key = Buffer.from("a key of some length");
const masked = (text: string): string =>
  createHmac("sha256", key).update(text).digest("hex").slice(0, 16);

async function registryAndImage(t: TestContext) {
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  const image = makeOciImage();
  if (image === undefined) return t.skip(needsUmoci);
  t.after(() => image.remove());
  return { registry, image };
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let n = 0; n < 2000; n++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`waited in vain for ${what}`);
}

test("with proxy.anonymize no repository and no client stands in clear in any byte of the archive", async (t) => {
  const found = await registryAndImage(t);
  if (found === undefined) return;
  const { registry, image } = found;
  const { proxy, close } = await startProxyArchive(t, registry.url, {
    anonymizeKey: key,
    catalogInterval: millis(50),
  });
  const name = "harbour/crane-driver";
  const other = "harbour/stowaway";
  const at = `docker://127.0.0.1:${proxy.port}`;
  await run("skopeo", ["copy", "--dest-tls-verify=false", image.reference, `${at}/${name}:v1`]);
  // Known by the catalogue alone.
  const direct = `docker://127.0.0.1:${registry.port}/${other}:v1`;
  await run("skopeo", ["copy", "--dest-tls-verify=false", image.reference, direct]);
  await run("skopeo", [
    "copy",
    "--src-tls-verify=false",
    `${at}/${name}:v1`,
    `oci:${image.directory}/o:v1`,
  ]);
  await ask(proxy.url, { path: `/v2/${name}/tags/list?n=5&last=${name}` });
  await ask(proxy.url, { path: `/elsewhere/${name}?from=${name}` });
  const mount = `/v2/${other}/blobs/uploads/?mount=sha256:${"0".repeat(64)}&from=${name}`;
  await ask(proxy.url, { method: "POST", path: mount });
  const isAskedFor = (line: string): boolean =>
    line.includes(`HEAD /v2/${other}/manifests/v1`) && line.includes("drayage record");
  // The reading after the one that found the tag: that one's facts are with the archive then.
  await until(() => {
    const log = registry.accessLog();
    const asked = log.findIndex(isAskedFor);
    return asked >= 0 && log.slice(asked).some((line) => line.includes("/v2/_catalog"));
  }, "the catalogue");
  const { archived, exchanges, items } = await close();
  ok(exchanges.length > 10);
  // The header names the host of the recorder, which is no client.
  for (const secret of [name, other, "crane-driver", "stowaway", "harbour", "127.0.0.1"])
    equal(archived.indexOf(secret), -1, secret);
  ok(archived.includes(masked(name)));
  deepEqual(new Set(exchanges.map(({ client }) => client)), new Set([masked("127.0.0.1")]));
  ok(exchanges.some(({ path }) => path === `/v2/${masked(name)}/manifests/v1`));
  const paths = items.flatMap((item) =>
    item.kind === "batch" ? item.events.map((event) => event.path) : [],
  );
  for (const each of [name, other]) ok(paths.includes(`/$registry/tags/${masked(each)}/v1`), each);
});

test("proxy.catalog finds tags that nobody asked for, forgets those that are gone, and says once that it cannot ask", async (t) => {
  const found = await registryAndImage(t);
  if (found === undefined) return;
  const { registry, image } = found;
  const push = (tag: string) =>
    run("skopeo", [
      "copy",
      "--dest-tls-verify=false",
      image.reference,
      `docker://127.0.0.1:${registry.port}/quiet/app:${tag}`,
    ]);
  await push("v1");
  const notices: string[] = [];
  const { proxy, close } = await startProxyArchive(t, registry.url, {
    catalogInterval: millis(30),
    onNotice: (sentence) => notices.push(sentence),
  });
  await push("v2");
  await until(
    () => registry.accessLog().filter((line) => line.includes("manifests/v2")).length > 1,
    "both tags",
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  await registry.stop();
  await until(() => proxy.state().catalogFailures > 2, "failures");
  equal(notices.length, 1, notices.join("\n"));
  ok(notices[0]?.startsWith("proxy.catalog: the upstream's lists cannot be read"));
  const { exchanges, items } = await close();
  deepEqual(exchanges, [], "what the catalogue asks is no recorded exchange");
  const tags = items.flatMap((item) =>
    item.kind === "batch"
      ? item.events.flatMap((event) =>
          event.kind === "json"
            ? [[event.path, JSON.parse(Buffer.from(event.json).toString())] as const]
            : [],
        )
      : [],
  );
  deepEqual(
    tags.map(([path]) => path),
    ["/$registry/tags/quiet/app/v1", "/$registry/tags/quiet/app/v2"],
  );
  for (const [, state] of tags) {
    equal(state.media_type, "application/vnd.oci.image.manifest.v1+json");
    ok(state.size > 100);
    ok(/^sha256:[0-9a-f]{64}$/.test(state.digest));
  }
});
