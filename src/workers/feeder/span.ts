import { type RecordBlock, recordBlock } from "../../trace/record-view.ts";

/** Some bytes of a block. One object per use, refilled for every request. */
export type Span = { block: RecordBlock; from: number; to: number };

export const blockOf = (text: string): RecordBlock => recordBlock(Buffer.from(text));

export function spanOf(text: string): Span {
  const block = blockOf(text);
  return { block, from: 0, to: block.buffer.length };
}
