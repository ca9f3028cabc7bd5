import assert from "node:assert/strict";
import { test } from "node:test";
import { commandLine } from "../../src/cli/extract/command-line.ts";

test("a manifest's command line tells neither secrets nor names of the operator's", () => {
  const given = {
    "exclude-user": ["u-alice", "u-bob"],
    "exclude-project": ["p-one"],
    password: "s3cret",
    salt: "salty",
    host: "db1.corp.example",
    "key-file": "/home/alice/mask.key",
    sort: "created",
    shadow: true,
    strict: false,
    report: undefined,
  };
  const line = commandLine(given, { verb: "extract instances", positionals: ["trace.csv"] });
  assert.deepEqual(line, [
    ...["drayage", "extract", "instances"],
    ...["--exclude-user=[removed]", "--exclude-user=[removed]", "--exclude-project=[removed]"],
    ...["--password=[removed]", "--salt=[removed]", "--host=[removed]", "--key-file=[removed]"],
    ...["--sort=created", "--shadow", "trace.csv"],
  ]);
});
