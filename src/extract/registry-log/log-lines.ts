import { StringDecoder } from "node:string_decoder";

/** Longer lines are no log lines; what exceeds this is skipped and counted. */
const LINE_CHARS_MAX = 1 << 20;

/** Lines of a log that arrives in pieces; `undefined` stands for a line that is too long. */
export async function* logLines(
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<readonly (string | undefined)[]> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let isSkipping = false;
  for await (const piece of pieces) {
    const lines: (string | undefined)[] = (rest + decoder.write(piece)).split("\n");
    rest = lines.pop() ?? "";
    if (isSkipping && lines.length > 0) {
      lines[0] = undefined;
      isSkipping = false;
    }
    if (rest.length > LINE_CHARS_MAX) {
      rest = "";
      isSkipping = true;
    }
    yield lines;
  }
  rest += decoder.end();
  if (isSkipping) yield [undefined];
  else if (rest !== "") yield [rest];
}
