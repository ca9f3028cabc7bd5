import assert from "node:assert/strict";
import { test } from "node:test";
import { samplePath } from "../fixtures.ts";
import { describedFiles } from "./described.ts";

for (const name of ["dal09_blobs_sample.csv", "dal09_blobs_sample.reconstructed.json"]) {
  test(`the published facts of ${name} come out`, async (t) => {
    const path = samplePath(t, name);
    if (path === undefined) return;
    const { distinct, sizes, account, arrivals } = await describedFiles([path]);
    const { hosts, clients, uris, blobs, sharedBlobs, differingSizes } = distinct;
    assert.deepEqual(
      { hosts, clients, uris, blobs, sharedBlobs, differingSizes },
      { hosts: 6, clients: 36, uris: 566, blobs: 554, sharedBlobs: 4, differingSizes: 0 },
    );
    assert.deepEqual([account.read, account.kept, account.duplicateIds], [999, 999, 0]);
    assert.equal(sizes[0]?.sum, 11_238_343_013);
    assert.deepEqual([sizes[0]?.quantiles.min, sizes[0]?.quantiles.max], [32, 690_363_128]);
    assert.ok(Math.abs((sizes[0]?.quantiles.p50 ?? 0) - 11_498) <= 115);
    assert.equal(arrivals?.recommended, "start");
    assert.equal(arrivals?.start.nearShare.toFixed(3), "0.478");
    assert.equal(arrivals?.timestamp.nearShare.toFixed(3), "0.156");
    assert.ok(Math.abs((arrivals?.timestamp.kept.mean ?? 0) - 1.29) < 0.01);
    assert.ok(Math.abs((arrivals?.start.kept.quantiles.p50 ?? 0) - 0.22) < 0.01);
  });
}

test("the published facts of the list of URIs come out", async (t) => {
  const path = samplePath(t, "ibm_docker_trace_725k.csv.zst");
  if (path === undefined) return;
  const { account, requests, distinct, popularity, arrivals, rate } = await describedFiles([path]);
  assert.equal(account.read, 725_242);
  assert.deepEqual(requests.segments, [
    { segments: 1, records: 333_358 },
    { segments: 4, records: 4_358 },
    { segments: 5, records: 385_970 },
    { segments: 6, records: 1_291 },
    { segments: 7, records: 265 },
  ]);
  assert.deepEqual(
    requests.classes.map(({ kind, records }) => [kind, records]),
    [
      ["blob", 259_274],
      ["manifest", 132_610],
      ["ping", 333_358],
    ],
  );
  assert.equal(requests.pingShare.toFixed(3), "0.460");
  assert.deepEqual([distinct.uris, distinct.blobs, distinct.manifests], [121_314, 81_335, 12_988]);
  const { reference, blobs, manifests } = popularity;
  assert.deepEqual([reference?.key, reference?.records], ["817c8a39", 64_976]);
  const share = (of: typeof blobs, rank: number): string =>
    ((of.topShares.find(([n]) => n === rank)?.[1] ?? 0) * 100).toFixed(1);
  assert.deepEqual(
    [1, 10, 100, 1000, 10_000].map((rank) => share(blobs, rank)),
    ["2.8", "13.3", "33.2", "45.4", "64.8"],
  );
  assert.deepEqual(
    [1, 10, 100, 1000].map((rank) => share(manifests, rank)),
    ["7.0", "42.1", "83.8", "90.1"],
  );
  assert.deepEqual([arrivals, rate], [null, null]);
});
