import { alignRows, type Paint, type Row } from "../../report/text-table.ts";
import type { TraceDescription } from "../../trace/info/describe-trace.ts";
import type { InfoPart, InfoTable } from "./info-part.ts";
import { infoParts } from "./info-parts.ts";

/** All twelve parts for a terminal. Texts of a trace cannot steer the terminal. */
export const infoText = (description: TraceDescription, paint: Paint): string =>
  infoParts(description)
    .map((part, index) => partText(part, index + 1, paint))
    .join("\n\n");

function partText({ title, facts, tables }: InfoPart, number: number, paint: Paint): string {
  const factLines = alignRows(
    facts.map(([name, text]) => ({ cells: [name, printable(text)] })),
    "l",
  );
  const blocks = tables
    .filter(({ rows }) => rows.length > 0)
    .map((table) => tableLines(table, paint).join("\n"));
  const parts = [factLines.join("\n"), ...blocks].filter((block) => block !== "");
  return [paint.bold(`${number}. ${title}`), parts.join("\n\n")].join("\n");
}

function tableLines({ head, rows, textColumns }: InfoTable, paint: Paint): string[] {
  const lines: Row[] = [
    { cells: head, paint: paint.dim },
    ...rows.map((cells) => ({ cells: cells.map(printable) })),
  ];
  return alignRows(lines, `${"l".repeat(textColumns)}r`);
}

const printable = (text: string): string => text.replace(/\p{Cc}/gu, "?");
