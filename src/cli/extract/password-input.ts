import { UsageError } from "../../core/errors.ts";

const PASSWORD_BYTES_MAX = 4096;

/** All of standard input, without one line end behind it. */
export async function readPassword(input: AsyncIterable<Buffer | string>): Promise<string> {
  let text = "";
  for await (const piece of input) {
    text += piece.toString();
    if (text.length > PASSWORD_BYTES_MAX)
      throw new UsageError("--password-stdin: what comes from standard input is too long");
  }
  return text.replace(/\r?\n$/, "");
}
