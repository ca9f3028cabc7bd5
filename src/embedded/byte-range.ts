/** Bytes from..to of a content, `to` exclusive. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

const oneRange = /^bytes=(\d*)-(\d*)$/;

/**
 * The single interval that a Range header asks for. `undefined` = send everything: there is no header, or it is of a kind
 * that a server may ignore (other units, several intervals, malformed). `unsatisfiable` = 416. Source: RFC 9110, 14.1.2.
 */
export function rangeOf(
  header: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = header === undefined ? null : oneRange.exec(header);
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "") return last === "" ? undefined : suffixRange(Number(last), size);
  const from = Number(first);
  const to = last === "" ? size : Number(last) + 1;
  if (to <= from && last !== "") return undefined;
  if (from >= size) return "unsatisfiable";
  return { from, to: Math.min(to, size) };
}

function suffixRange(count: number, size: number): ByteRange | "unsatisfiable" {
  if (count === 0 || size === 0) return "unsatisfiable";
  return { from: Math.max(0, size - count), to: size };
}

const contentRange = /^(?:bytes )?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/;

/** Interval of an upload's chunk: `<first>-<last>`, both inclusive in the header. `undefined` = malformed. */
export function chunkRangeOf(header: string): ByteRange | undefined {
  const match = contentRange.exec(header);
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2]) + 1;
  return to > from ? { from, to } : undefined;
}
