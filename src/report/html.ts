/** Text made safe between tags and in quoted attributes. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** Data inside a script: no text in it can end the script or begin a comment. */
export const scriptData = (value: unknown): string =>
  JSON.stringify(value).replace(/[<>\u2028\u2029]/g, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });

/** Safe HTML, not text. */
export type Html = string;

/** A table row: the first cell names the row. `second` rows belong to the one above. */
export type HtmlRow = {
  readonly cells: readonly string[];
  readonly second?: boolean;
};

/** Cells are text. The first `textColumns` columns are flush left, the others are numbers. */
export function htmlTable(
  head: readonly string[],
  rows: readonly HtmlRow[],
  textColumns: number,
): Html {
  const kind = (column: number): string => (column < textColumns ? ' class="text"' : "");
  const heading = head
    .map((text, column) => `<th scope="col"${kind(column)}>${escaped(text)}</th>`)
    .join("");
  const body = rows.map(({ cells, second }) => {
    const [name = "", ...rest] = cells;
    const fields = rest.map((text, at) => `<td${kind(at + 1)}>${escaped(text)}</td>`).join("");
    return `<tr${second ? ' class="second"' : ""}><th scope="row">${escaped(name)}</th>${fields}</tr>`;
  });
  return `<table><thead><tr>${heading}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

export const factList = (facts: readonly (readonly [string, string])[]): Html =>
  `<dl class="facts">${facts
    .map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`)
    .join("")}</dl>`;
