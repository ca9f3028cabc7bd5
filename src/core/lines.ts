/**
 * Lines of UTF-8 text that comes in pieces, without their ends (LF or CRLF); what follows the last end is a line unless it is
 * empty. Not by `node:readline`, for which U+2028 and U+2029 end a line too: JSON has both inside of its texts.
 */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // A long line is put together once, and not anew with each of its pieces.
  let begun: string[] = [];
  for await (const piece of pieces) {
    const [end = "", ...following] = decoder.decode(piece, { stream: true }).split("\n");
    begun.push(end);
    for (const next of following) {
      yield lineOf(begun);
      begun = [next];
    }
  }
  begun.push(decoder.decode());
  const last = lineOf(begun);
  if (last !== "") yield last;
}

function lineOf(parts: readonly string[]): string {
  const line = parts.join("");
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
