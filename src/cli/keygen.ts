import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { messageOf, UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { keyId } from "../extract/masking/pseudonym.ts";
import type { Command } from "./command.ts";

const KEY_BYTES = 32;
const PRIVATE_MODE = 0o600;

/** Makes a key for masking: 64 hexadecimal digits in a file that only its owner may read. */
export const keygen: Command<Record<never, never>> = {
  name: "keygen",
  summary: "make a key for masking traces",
  examples: [{ type: "drayage keygen mask.key", does: "256 random bits, readable by you only" }],
  positionals: ["FILE"],
  options: {},
  async run(_options, [path = ""], { err }) {
    const key = randomBytes(KEY_BYTES);
    try {
      writeFileSync(path, `${key.toString("hex")}\n`, { mode: PRIVATE_MODE, flag: "wx" });
    } catch (error) {
      const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
      throw new UsageError(
        exists
          ? `${path} exists and is not overwritten: whoever loses a key cannot extend its traces; name another file`
          : `cannot write ${path}: ${messageOf(error)}`,
      );
    }
    err.write(`${path}  key ${keyId(key)}\n`);
    return ExitCode.done;
  },
};
