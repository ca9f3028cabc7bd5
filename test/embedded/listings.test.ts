import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { converse, type Received, runCases, send } from "./exchange-script.ts";
import {
  absent,
  config,
  digestOf,
  manifestText,
  ociIndex,
  ociManifest,
  pushBlob,
  pushImage,
  putManifest,
} from "./sample-content.ts";

const tags = ["B", "a", "a.1", "a1", "b", "latest", "v1"];

let registry: EmbeddedRegistry;
before(async () => {
  registry = await startEmbeddedRegistry({ pageMax: 5 });
  await converse(registry.url, [
    ...pushImage("lib/app"),
    ...["latest", "b", "a1", "a", "B", "a.1"].map((tag) => putManifest("lib/app", tag)),
    ...["z", "lib/aaa", "lib"].flatMap((name) => pushBlob(name)),
  ]);
});
after(() => registry.close());

runCases("tags", () => registry.url, [
  {
    name: "sorted by character code, in pages with a Link",
    steps: [
      {
        when: "GET /v2/lib/app/tags/list",
        expect: {
          status: 200,
          headers: { link: '</v2/lib/app/tags/list?last=b&n=5>; rel="next"' },
          body: { name: "lib/app", tags: tags.slice(0, 5) },
        },
      },
      {
        when: "GET /v2/lib/app/tags/list?last=b&n=5",
        expect: {
          status: 200,
          headers: { link: undefined },
          body: { name: "lib/app", tags: tags.slice(5) },
        },
      },
    ],
  },
  {
    name: "n and last, which need not exist",
    steps: [
      {
        when: "GET /v2/lib/app/tags/list?n=2&last=a0",
        expect: { status: 200, body: { name: "lib/app", tags: ["a1", "b"] } },
      },
      {
        when: "GET /v2/lib/app/tags/list?n=2&last=latest",
        expect: {
          status: 200,
          headers: { link: undefined },
          body: { name: "lib/app", tags: ["v1"] },
        },
      },
      {
        when: "GET /v2/lib/app/tags/list?last=zzz",
        expect: { status: 200, body: { name: "lib/app", tags: [] } },
      },
      {
        when: "GET /v2/lib/app/tags/list?n=0",
        expect: { status: 200, headers: { link: undefined }, body: { name: "lib/app", tags: [] } },
      },
      {
        when: "GET /v2/lib/app/tags/list?n=99999999999",
        expect: { status: 200, body: { name: "lib/app", tags: tags.slice(0, 5) } },
      },
    ],
  },
  {
    name: "a number that is none, and a repository that is none",
    steps: [
      ...["-1", "x", "1.5", ""].map((n) => ({
        when: `GET /v2/lib/app/tags/list?n=${n}`,
        expect: { status: 400, code: "PAGINATION_NUMBER_INVALID" },
      })),
      { when: "GET /v2/lib/none/tags/list", expect: { status: 404, code: "NAME_UNKNOWN" } },
    ],
  },
]);

runCases("catalog", () => registry.url, [
  {
    name: "sorted, with a Link while there is more",
    steps: [
      {
        when: "GET /v2/_catalog",
        expect: {
          status: 200,
          headers: { link: undefined },
          body: { repositories: ["lib", "lib/aaa", "lib/app", "z"] },
        },
      },
      {
        when: "GET /v2/_catalog?n=2",
        expect: {
          status: 200,
          headers: { link: '</v2/_catalog?last=lib%2Faaa&n=2>; rel="next"' },
          body: { repositories: ["lib", "lib/aaa"] },
        },
      },
      {
        when: "GET /v2/_catalog?n=2&last=lib%2Faaa",
        expect: {
          status: 200,
          headers: { link: undefined },
          body: { repositories: ["lib/app", "z"] },
        },
      },
      { when: "GET /v2/_catalog?n=0", expect: { status: 200, body: { repositories: [] } } },
    ],
  },
]);

test("tags: following Link gives every tag once and in order, whatever the page", async () => {
  const follow = async (n: number): Promise<string[]> => {
    const seen: string[] = [];
    let path: string | undefined = `/v2/lib/app/tags/list?n=${n}`;
    while (path !== undefined) {
      const page: Received = await send({ method: "GET", url: registry.url + path });
      seen.push(...JSON.parse(String(page.body)).tags);
      path = /<(.+)>/.exec(String(page.headers.link))?.[1];
    }
    return seen;
  };
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9 }), async (n) => {
      assert.deepEqual(await follow(n), tags);
    }),
    { numRuns: 9 },
  );
});

const referrer = (artifactType: string | undefined, note: string): string =>
  manifestText({
    ...(artifactType === undefined ? {} : { artifactType }),
    annotations: { note },
    subject: { mediaType: ociManifest, digest: absent, size: 3 },
  });
const [signature, sbom, plain] = [
  referrer("application/x-signature", "one"),
  referrer("application/x-sbom", "two"),
  referrer(undefined, "three"),
];
const described = (text: string, artifactType: string, note: string) => ({
  mediaType: ociManifest,
  digest: digestOf(text),
  size: text.length,
  artifactType,
  annotations: { note },
});
const listed = (...manifests: object[]) => ({ schemaVersion: 2, mediaType: ociIndex, manifests });
const path = `/v2/ref/app/referrers/${absent}`;

runCases("referrers", () => registry.url, [
  {
    name: "an index of what names the digest as subject, whether that exists or not",
    steps: [
      ...pushBlob("ref/app"),
      ...pushBlob("ref/app", config),
      {
        when: `GET ${path}`,
        expect: { status: 200, headers: { "content-type": ociIndex }, body: listed() },
      },
      {
        ...putManifest("ref/app", "sig", signature),
        expect: { status: 201, headers: { "oci-subject": absent } },
      },
      putManifest("ref/app", digestOf(sbom), sbom),
      putManifest("ref/app", digestOf(plain), plain),
      {
        when: `GET ${path}`,
        expect: {
          status: 200,
          headers: { "content-type": ociIndex, "oci-filters-applied": undefined },
          body: listed(
            described(signature, "application/x-signature", "one"),
            described(sbom, "application/x-sbom", "two"),
            described(plain, "application/vnd.oci.image.config.v1+json", "three"),
          ),
        },
      },
      {
        when: `GET ${path}?artifactType=application/x-sbom`,
        expect: {
          status: 200,
          headers: { "oci-filters-applied": "artifactType" },
          body: listed(described(sbom, "application/x-sbom", "two")),
        },
      },
      { when: `DELETE /v2/ref/app/manifests/${digestOf(sbom)}`, expect: 202 },
      {
        when: `GET ${path}?artifactType=application/x-sbom`,
        expect: { status: 200, body: listed() },
      },
    ],
  },
  {
    name: "a digest that is none is 400, an unknown repository has none",
    steps: [
      { when: "GET /v2/ref/app/referrers/v1", expect: { status: 400, code: "DIGEST_INVALID" } },
      { when: `GET /v2/ref/none/referrers/${absent}`, expect: { status: 200, body: listed() } },
    ],
  },
]);
