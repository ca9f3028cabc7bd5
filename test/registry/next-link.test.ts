import assert from "node:assert/strict";
import { test } from "node:test";
import { nextLink } from "../../src/registry/next-link.ts";

for (const { lines, target } of [
  { lines: ['</a>; rel="next"'], target: "/a" },
  { lines: ["</a>;rel=next"], target: "/a" },
  { lines: ['</p>; rel="prev", </a>; rel="next"'], target: "/a" },
  { lines: ["</p>; rel=prev", '</a>; title="x, y"; rel="last next"'], target: "/a" },
  { lines: ['</a>; rel="nextish"'], target: undefined },
  { lines: [], target: undefined },
]) {
  test(`the next page of ${JSON.stringify(lines)} is ${target}`, () =>
    assert.equal(nextLink(lines), target));
}
