import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { linesOf } from "../../src/core/lines.ts";

async function readIn(bytes: Uint8Array, size: number): Promise<string[]> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const lines: string[] = [];
  for await (const line of linesOf(pieces())) lines.push(line);
  return lines;
}

for (const { title, text, lines } of [
  { title: "nothing has no line", text: "", lines: [] },
  { title: "the last line may have no end", text: "a\nb", lines: ["a", "b"] },
  { title: "empty lines count", text: "\n\na\n", lines: ["", "", "a"] },
  {
    title: "CRLF is one end, and CR inside of a line none",
    text: "a\r\nb\rc\n",
    lines: ["a", "b\rc"],
  },
  {
    title: "separators of lines and paragraphs end none",
    text: '{"text":"a\u2028b\u2029c\u0085d"}\n',
    lines: ['{"text":"a\u2028b\u2029c\u0085d"}'],
  },
]) {
  test(`lines: ${title}`, async () => {
    for (const size of [1, 2, 1000]) assert.deepEqual(await readIn(Buffer.from(text), size), lines);
  });
}

test("lines: text comes back whole, wherever it is cut", async () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n\ufeff]/g, "-"));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 40 }), async (lines, size) => {
      const text = lines.map((one) => `${one}\n`).join("");
      assert.deepEqual(await readIn(Buffer.from(text), size), lines);
    }),
  );
});
