import assert from "node:assert/strict";
import { test } from "node:test";
import { pullArguments } from "../../src/cli/pull/pull-arguments.ts";
import { serverAddress } from "../../src/cli/pull/server-address.ts";

for (const { words, gives } of [
  { words: ["--patterns", "-0001,-0002"], gives: ["--pattern=-0001", "--pattern=-0002"] },
  {
    words: ["--patterns=a, ,b", "--pattern", "v[0-9]{1,3}"],
    gives: ["--pattern=a", "--pattern=b", "--pattern=v[0-9]{1,3}"],
  },
  {
    words: ["--dry-run", "--prune=0", "--shuffle=YES"],
    gives: ["--dry-run", "--prune=false", "--shuffle=true"],
  },
  { words: ["--filter", "--dry-run"], gives: ["--filter=--dry-run"] },
  { words: ["--filter="], gives: ["--filter="] },
  { words: ["--unknown", "x", "--prune=maybe"], gives: ["--unknown", "x", "--prune=maybe"] },
  { words: ["--seed"], gives: ["--seed"] },
])
  test(`${words.join(" ")} means ${gives.join(" ")}`, () =>
    assert.deepEqual(pullArguments(words), gives));

for (const { text, origin, host, pathPrefix } of [
  {
    text: "ubuntu.me:8080",
    origin: "http://ubuntu.me:8080",
    host: "ubuntu.me:8080",
    pathPrefix: "",
  },
  {
    text: "https://Cache.example/mirror/",
    origin: "https://cache.example",
    host: "Cache.example",
    pathPrefix: "/mirror",
  },
  { text: "[::1]:5000", origin: "http://[::1]:5000", host: "[::1]:5000", pathPrefix: "" },
])
  test(`${text} is ${origin}${pathPrefix}`, () =>
    assert.deepEqual(serverAddress(text, "--x"), { origin, host, pathPrefix }));

for (const text of ["ftp://a", "a b", "http://", "a:99999"])
  test(`"${text}" is no address`, () =>
    assert.throws(() => serverAddress(text, "--x"), /--x wants host/));

for (const text of ["user@host", "http://user:secret@host:5000/x", "https://:secret@host"])
  test(`"${text}" is refused for its credentials, which are not shown`, () =>
    assert.throws(
      () => serverAddress(text, "--registry-url"),
      ({ message }: Error) =>
        /give --registry-user NAME/.test(message) && !message.includes("secret"),
    ));
