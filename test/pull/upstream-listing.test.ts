import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../src/core/clock.ts";
import { listUpstream } from "../../src/pull/upstream-listing.ts";
import type { ControlFetch } from "../../src/registry/control-transport.ts";

type Page = {
  readonly status?: number;
  readonly body?: unknown;
  readonly link?: string | string[];
};

/** A registry that is a table of paths; what is asked for is noted. */
function fake(pages: Readonly<Record<string, Page | Page[]>>) {
  const asked: string[] = [];
  const fetch: ControlFetch = ({ url }) => {
    const target = url.replace("http://up:5000", "");
    asked.push(target);
    const found = pages[target];
    const page = Array.isArray(found) ? (found.length > 1 ? found.shift() : found[0]) : found;
    const { status = 200, body = {}, link = [] } = page ?? { status: 404 };
    return Promise.resolve({
      status,
      headers: (name) => (name === "link" ? [link].flat() : []),
      body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    });
  };
  return { asked, fetch };
}

async function list(pages: Readonly<Record<string, Page | Page[]>>, allTags = false) {
  const { asked, fetch } = fake(pages);
  const warnings: string[] = [];
  const listing = await listUpstream({
    origin: "http://up:5000",
    pathPrefix: "",
    auth: { type: "none" },
    insecure: false,
    userAgent: "drayage/test",
    fetch,
    clock: new ManualClock(),
    requestMs: 1000,
    allTags,
    warn: (line) => warnings.push(line),
  });
  return { ...listing, asked, warnings };
}

const first = "/v2/_catalog?n=100";
const tagsOf = (name: string): string => `/v2/${name}/tags/list?n=100`;
const names = (...repositories: string[]) => ({ repositories });

for (const { form, link } of [
  { form: "relative", link: '</v2/_catalog?last=a&n=100>; rel="next"' },
  { form: "absolute", link: "<http://up:5000/v2/_catalog?last=a&n=100>; rel=next" },
  { form: "query only", link: '<?last=a&n=100>; title=x; rel="next"' },
  {
    form: "of another host, which is not followed there",
    link: '<http://elsewhere/v2/_catalog?last=a&n=100>; rel="next"',
  },
]) {
  test(`the next page of a catalog by a link that is ${form}`, async () => {
    const { images, asked, repositories } = await list({
      [first]: { body: names("a"), link },
      "/v2/_catalog?last=a&n=100": { body: names("b") },
      [tagsOf("a")]: { body: { tags: ["v2", "v1"] } },
      [tagsOf("b")]: { body: { tags: ["v3"] } },
    });
    assert.equal(repositories, 2);
    assert.deepEqual(
      images.map(({ repository, reference }) => `${repository}:${reference}`),
      ["a:v2", "b:v3"],
    );
    assert.deepEqual(asked.slice(0, 2), [first, "/v2/_catalog?last=a&n=100"]);
  });
}

test("the first tag as sent is the image; all of them with --all-tags", async () => {
  const pages = {
    [first]: { body: names("a") },
    [tagsOf("a")]: { body: { tags: ["z", "a"] }, link: '<?page=2>; rel="next"' },
    "/v2/a/tags/list?page=2": { body: { tags: ["m"] } },
  };
  assert.deepEqual(
    (await list(pages)).images.map(({ reference }) => reference),
    ["z"],
  );
  assert.deepEqual(
    (await list(pages, true)).images.map(({ reference }) => reference),
    ["z", "a", "m"],
  );
});

test("a repository may have more tags than a call has arguments", async () => {
  const tags = Array.from({ length: 200_000 }, (_, index) => `v${index}`);
  const pages = { [first]: { body: names("a") }, [tagsOf("a")]: { body: { tags } } };
  assert.equal((await list(pages, true)).images.length, tags.length);
});

test("repositories without tags, and those that are gone, are skipped, counted and warned of", async () => {
  const listing = await list({
    [first]: { body: names("empty", "gone", "null", "a") },
    [tagsOf("empty")]: { body: { tags: [] } },
    [tagsOf("null")]: { body: { tags: null } },
    [tagsOf("a")]: { body: { tags: ["v1"] } },
  });
  assert.deepEqual([listing.repositoriesWithoutTags, listing.repositoriesGone], [2, 1]);
  assert.equal(listing.images.length, 1);
  assert.equal(listing.warnings.length, 3);
});

test("what could end a path or a line of a request is no name, and is told of", async () => {
  const listing = await list(
    {
      [first]: { body: names("a", "../a", "a b", "a?x", "a\r\nX: y", "A_b/c.d") },
      [tagsOf("a")]: { body: { tags: ["v1 x", "sha256:ab", "v1", ".."] } },
      [tagsOf("A_b/c.d")]: { body: { tags: ["v2"] } },
    },
    true,
  );
  assert.deepEqual(
    listing.images.map(({ repository, reference }) => `${repository}:${reference}`),
    ["a:v1", "A_b/c.d:v2"],
  );
  assert.deepEqual(listing.warnings, [
    'repositories: 4 skipped, no names: "../a"',
    'tags of a: 3 skipped, no names: "v1 x"',
  ]);
});

test("a link that leads to where we were ends the listing, as an empty page does not", async () => {
  const { repositories } = await list({
    [first]: { body: names(), link: '</v2/_catalog?b>; rel="next"' },
    "/v2/_catalog?b": { body: names("a"), link: `<${first}>; rel="next"` },
    [tagsOf("a")]: { body: { tags: ["v1"] } },
  });
  assert.equal(repositories, 1);
});

test("a server that fails twice is asked a third time", async () => {
  const { repositories } = await list({
    [first]: [{ status: 500 }, { status: 503 }, { body: names("a") }],
    [tagsOf("a")]: { body: { tags: ["v1"] } },
  });
  assert.equal(repositories, 1);
});

for (const { name, page, code, says } of [
  { name: "no catalog", page: { status: 404 }, code: "target-unreachable", says: /--images FILE/ },
  { name: "a refusal", page: { status: 403 }, code: "auth-failed", says: /status 403/ },
  {
    name: "a server that keeps failing",
    page: { status: 500 },
    code: "target-unreachable",
    says: /status 500/,
  },
  { name: "no JSON", page: { body: "<html>" }, code: "target-unreachable", says: /not JSON/ },
  {
    name: "no list",
    page: { body: { repositories: 7 } },
    code: "target-unreachable",
    says: /not a list/,
  },
]) {
  test(`${name} ends with a sentence that names the upstream`, async () => {
    await assert.rejects(list({ [first]: page }), (error: Error & { code?: string }) => {
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.match(error.message, /GET http:\/\/up:5000\/v2\/_catalog/);
      return true;
    });
  });
}
