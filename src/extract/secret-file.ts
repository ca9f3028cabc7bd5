import { readFileSync, statSync } from "node:fs";
import { messageOf, UsageError } from "../core/errors.ts";

const READABLE_BY_OTHERS = 0o044;
const SECRET_BYTES_MAX = 1 << 16;

/**
 * The content of a file with a key, a salt or a password, without one line end behind it. A key or password that group or
 * others may read is refused unless `anyMode`; `option` is the flag that named the file.
 */
export function readSecretFile(
  path: string,
  { option, anyMode }: { option: string; anyMode: boolean },
): Buffer {
  const content = readLimited(path, option);
  const { mode } = statSync(path);
  if (!anyMode && (mode & READABLE_BY_OTHERS) !== 0)
    throw new UsageError(
      `${path} (${option}) may be read by others: type chmod 600 ${path}, or add --insecure-file-mode`,
    );
  return withoutLineEnd(content);
}

function readLimited(path: string, option: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > SECRET_BYTES_MAX)
      throw new UsageError(`${path} (${option}) is too long for a secret: ${size} bytes`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${path} (${option}): ${messageOf(error)}`);
  }
}

function withoutLineEnd(content: Buffer): Buffer {
  if (content.at(-1) !== 0x0a) return content;
  return content.subarray(0, content.at(-2) === 0x0d ? -2 : -1);
}
