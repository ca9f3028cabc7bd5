import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { appendDigest, resolveLocation, shownLocation } from "../../src/registry/location.ts";

const opened = "http://127.0.0.1:5000/v2/lib/app/blobs/uploads/";
const state = "_state=a%2Bb/c%3D&x=%7B%22Name%22%3A%22lib%22%7D&_state=~.*'()";

for (const { name, from = opened, location, origin, target } of [
  {
    name: "absolute",
    location: `http://127.0.0.1:5000/v2/lib/app/blobs/uploads/7?${state}`,
    origin: "http://127.0.0.1:5000",
    target: `/v2/lib/app/blobs/uploads/7?${state}`,
  },
  {
    name: "absolute on another host, its default port left out",
    location: "HTTPS://Storage.Example:443/bucket/a%2fb?sig=%2B%2b",
    origin: "https://storage.example",
    target: "/bucket/a%2fb?sig=%2B%2b",
  },
  {
    name: "absolute without a path",
    location: "http://other:81",
    origin: "http://other:81",
    target: "/",
  },
  {
    name: "absolute with a query and no path",
    location: "http://other?a=b",
    origin: "http://other",
    target: "/?a=b",
  },
  {
    name: "absolute with an IPv6 address",
    location: "http://[::1]:5000/up",
    origin: "http://[::1]:5000",
    target: "/up",
  },
  {
    name: "scheme-relative",
    location: "//other:5001/up?x",
    origin: "http://other:5001",
    target: "/up?x",
  },
  {
    name: "host-relative",
    location: `/v2/lib/app/blobs/uploads/7?${state}`,
    origin: "http://127.0.0.1:5000",
    target: `/v2/lib/app/blobs/uploads/7?${state}`,
  },
  {
    name: "host-relative with dots, which stay",
    location: "/a/../b",
    origin: "http://127.0.0.1:5000",
    target: "/a/../b",
  },
  {
    name: "path-relative",
    location: "7?a=1",
    origin: "http://127.0.0.1:5000",
    target: "/v2/lib/app/blobs/uploads/7?a=1",
  },
  {
    name: "path-relative with dots",
    location: "../../x/./7/..?a=..",
    origin: "http://127.0.0.1:5000",
    target: "/v2/lib/app/x/?a=..",
  },
  {
    name: "path-relative with more dots than there are folders",
    location: "../../../../../../x",
    origin: "http://127.0.0.1:5000",
    target: "/x",
  },
  {
    name: "query only",
    from: `${opened}7?old=1`,
    location: `?${state}`,
    origin: "http://127.0.0.1:5000",
    target: `/v2/lib/app/blobs/uploads/7?${state}`,
  },
  {
    name: "with a fragment, which is dropped",
    location: "/up?a#b?c",
    origin: "http://127.0.0.1:5000",
    target: "/up?a",
  },
  {
    name: "with a colon in a later segment",
    location: "./sha256:abc",
    origin: "http://127.0.0.1:5000",
    target: "/v2/lib/app/blobs/uploads/sha256:abc",
  },
  {
    name: "with white space around it",
    location: "  /up ",
    origin: "http://127.0.0.1:5000",
    target: "/up",
  },
] as { name: string; from?: string; location: string; origin: string; target: string }[]) {
  test(`location: ${name}`, () => {
    assert.deepEqual(resolveLocation(from, location, { insecure: false }), {
      kind: "place",
      origin,
      target,
    });
  });
}

for (const { name, from = opened, location, says } of [
  { name: "an empty one", location: "", says: /there is none/ },
  { name: "a line break", location: "/up\r\nHost: evil", says: /characters/ },
  { name: "a space within", location: "/a b", says: /characters/ },
  { name: "another scheme", location: "ftp://host/x", says: /neither http nor https/ },
  { name: "a script", location: "javascript:alert(1)", says: /neither http nor https/ },
  { name: "a user name", location: "http://a:b@host/x", says: /user name/ },
  { name: "a malformed port", location: "http://host:99999/x", says: /malformed/ },
  { name: "https to http", from: "https://a/v2/", location: "http://a/x", says: /https to http/ },
] as { name: string; from?: string; location: string; says: RegExp }[]) {
  test(`location: ${name} is refused with the reason`, () => {
    const place = resolveLocation(from, location, { insecure: false });
    assert.equal(place.kind, "refused");
    assert.match(place.kind === "refused" ? place.reason : "", says);
  });
}

test("location: https to http is followed where the entry is insecure", () => {
  const place = resolveLocation("https://a/v2/", "http://b:1/x", { insecure: true });
  assert.deepEqual(place, { kind: "place", origin: "http://b:1", target: "/x" });
});

test("location: a path and query of any legal characters come back byte for byte", () => {
  const legal = "abcXYZ019-._~%!$&'()*+,;=:@/?".split("");
  const text = fc.string({ unit: fc.constantFrom(...legal), maxLength: 500 });
  fc.assert(
    fc.property(text, text, (path, query) => {
      const target = `/${path.replaceAll("?", "").replace(/^\/+/, "")}?${query}`;
      for (const location of [target, `http://other:5000${target}`]) {
        const place = resolveLocation(opened, location, { insecure: false });
        assert.equal(place.kind === "place" && place.target, target);
      }
    }),
  );
});

for (const { target, expected } of [
  { target: "/up", expected: "/up?digest=sha256:ab" },
  { target: `/up?${state}`, expected: `/up?${state}&digest=sha256:ab` },
  { target: "/up?", expected: "/up?digest=sha256:ab" },
  { target: "/up?a=1&", expected: "/up?a=1&digest=sha256:ab" },
]) {
  test(`location: the digest is appended to ${target.slice(0, 20)}`, () => {
    assert.equal(appendDigest(target, "sha256:ab"), expected);
  });
}

for (const { location, shown } of [
  { location: " https://storage/a/b?X-Amz-Signature=s3cret ", shown: "https://storage/a/b?…" },
  { location: "http://load:s3cret@host/v2/", shown: "http://…@host/v2/" },
  { location: "ftp://host/up#s3cret", shown: "ftp://host/up?…" },
  { location: "/v2/a@b/blobs", shown: "/v2/a@b/blobs" },
]) {
  test(`location: ${location.trim()} is shown without what opens it`, () =>
    assert.equal(shownLocation(location), shown));
}
