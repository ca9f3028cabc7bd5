import assert from "node:assert/strict";
import { test } from "node:test";
import {
  growth,
  hitRatio,
  serverCounters,
  upstreamCounts,
  upstreamDifference,
} from "../../src/pull/server-counters.ts";
import { ServerWatch } from "../../src/pull/server-watch.ts";

const page = (upstream: number, cached: number) =>
  serverCounters(
    [
      "# HELP ociregistry_upstream_pulls_by_ns pulls",
      `ociregistry_upstream_pulls_by_ns{ns="a:5000"} ${upstream}`,
      `ociregistry_upstream_pulls_by_ns{ns="b"} 1`,
      `ociregistry_cached_pulls_by_ns_total{ns="a:5000"} ${cached} 1700000000`,
      "not a sample",
      "nan_value NaN",
    ].join("\n"),
  );

test("counters are summed over their labels, and the hit ratio is their share", () => {
  const [before, after] = [page(10, 0), page(20, 30)];
  assert.equal(growth(before, after, "ociregistry_upstream_pulls_by_ns"), 10);
  assert.equal(hitRatio(before, after), 0.75);
});

test("a counter that fell says nothing, and one that is missing is not zero", () => {
  assert.equal(growth(page(20, 0), page(10, 0), "ociregistry_upstream_pulls_by_ns"), undefined);
  assert.equal(growth(page(1, 1), page(1, 1), "absent"), undefined);
  assert.equal(hitRatio(serverCounters(""), serverCounters("")), undefined);
});

test("one counter that was reset makes no hit ratio of the other", () => {
  const began = (upstream: number, cached: number) =>
    serverCounters(
      `ociregistry_upstream_pulls_by_ns{ns="a"} ${upstream}\nociregistry_cached_pulls_by_ns_total{ns="a"} ${cached}`,
    );
  assert.equal(hitRatio(began(100, 0), began(20, 50)), undefined);
  const cachedAlone = serverCounters('ociregistry_cached_pulls_by_ns_total{ns="a"} 50');
  assert.equal(hitRatio(began(100, 0), cachedAlone), undefined);
  assert.equal(hitRatio(serverCounters(""), cachedAlone), 1);
});

test("a cache that began anew in mid-run, and has caught up, is found out by what it told in between", async () => {
  let told = 0;
  const pages = [100, 3, 200].map(
    (count) => `ociregistry_cached_pulls_by_ns_total{ns="a"} ${count}`,
  );
  const watch = new ServerWatch({
    metricsUrl: "http://cache/metrics",
    statsUrl: undefined,
    warn: () => {},
    fetch: async () => ({ status: 200, headers: () => [], body: Buffer.from(pages[told++] ?? "") }),
  });
  await watch.begin(() => 0);
  assert.equal(watch.wasReset, false);
  await watch.scrape(() => 1);
  await watch.end(() => 2);
  assert.equal(watch.wasReset, true);
});

test("of CNCF distribution's variables the proxy's are kept", () => {
  const text = JSON.stringify({
    cmdline: [],
    registry: { proxy: { blobs: { Hits: 3, Misses: 1 } } },
  });
  assert.deepEqual(
    [...serverCounters(text)],
    [
      ["registry.proxy.blobs.Hits", 3],
      ["registry.proxy.blobs.Misses", 1],
    ],
  );
});

test("fetches are GETs of manifests and blobs; anything else is no statistics page", () => {
  const stats = (blobs: number): string =>
    JSON.stringify({
      requests: [
        { type: "manifest", method: "GET", code: 200, requests: 2, responseBytes: 10 },
        { type: "manifest", method: "HEAD", code: 200, requests: 5, responseBytes: 0 },
        { type: "blob", method: "GET", code: 200, requests: blobs, responseBytes: 100 },
      ],
    });
  const [before, after] = [upstreamCounts(stats(1)), upstreamCounts(stats(4))];
  assert.deepEqual(upstreamDifference(before, after), {
    manifestGets: 0,
    blobGets: 3,
    otherRequests: 0,
    bytes: 0,
  });
  assert.equal(upstreamDifference(after, before), undefined);
  for (const text of ["", "404 page not found", "{}", "[]", '{"requests":[{}]}'])
    assert.equal(upstreamCounts(text), undefined, text);
});
