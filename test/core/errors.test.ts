import assert from "node:assert/strict";
import { test } from "node:test";
import { DrayageError, messageOf } from "../../src/core/errors.ts";

const disk = new Error("ENOSPC: no space left on device");

const sentences: readonly {
  readonly name: string;
  readonly error: unknown;
  readonly is: string;
}[] = [
  { name: "an error is its message", error: disk, is: "ENOSPC: no space left on device" },
  {
    name: "a cause is told behind it",
    error: new DrayageError("storage", "cannot write a.json", { cause: disk }),
    is: "cannot write a.json: ENOSPC: no space left on device",
  },
  {
    name: "a cause that the message ends with is told once",
    error: new DrayageError("storage", `cannot write a.json: ${disk.message}`, { cause: disk }),
    is: "cannot write a.json: ENOSPC: no space left on device",
  },
  { name: "whatever else was thrown is its text", error: 7, is: "7" },
];

for (const { name, error, is } of sentences)
  test(name, () => {
    assert.equal(messageOf(error), is);
  });
