const BLOCKS = "▁▂▃▄▅▆▇█";
const ASCII = "_.-=+*#@";

/** The last `width` values as one character each, from nothing to the largest of them. */
export function sparkline(
  values: readonly number[],
  { width, unicode }: { readonly width: number; readonly unicode: boolean },
): string {
  const marks = unicode ? BLOCKS : ASCII;
  const shown = values.slice(-width);
  const most = Math.max(0, ...shown);
  return shown
    .map((value) => {
      const share = most > 0 ? Math.max(0, value) / most : 0;
      return marks[Math.min(marks.length - 1, Math.floor(share * marks.length))] ?? "";
    })
    .join("");
}
