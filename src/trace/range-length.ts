/**
 * Bytes of an object of `size` bytes that a Range header asks for, as in RFC 9110, 14.1.2; parts add up. The whole where the
 * text is no range or nothing of it is there. Source: RFC 9110, section 14.
 */
export function rangeLength(range: string, size: number): number {
  const parts = range.replace(/^bytes=/, "").split(",");
  const lengths = parts.map((part) => partLength(part.trim(), size));
  const sum = lengths.reduce((total, length) => total + length, 0);
  return sum === 0 ? size : sum;
}

function partLength(part: string, size: number): number {
  const [, first = "", last = ""] = /^(\d*)-(\d*)$/.exec(part) ?? [];
  if (first === "") return last === "" ? 0 : Math.min(Number(last), size);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return Math.max(0, end - Number(first));
}
