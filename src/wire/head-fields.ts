/**
 * The values of one field in the head of a response, trimmed, one per line as received, decoded as Latin-1.
 * `head[from..to)` is the whole head from its status line; `name` is lower case. For the few responses whose fields
 * matter (redirects, challenges, uploads): it makes strings.
 */
export function fieldValues(
  head: Buffer,
  range: { readonly from: number; readonly to: number },
  name: string,
): string[] {
  const [, ...fields] = head.toString("latin1", range.from, range.to).split("\n");
  return fields
    .filter(
      (line) => line[name.length] === ":" && line.slice(0, name.length).toLowerCase() === name,
    )
    .map((line) => line.slice(name.length + 1).trim());
}
