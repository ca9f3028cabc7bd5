// Where a comparison goes: the terminal, a page, figures; and how the verb ends by it.
import { ExitCode } from "../../core/exit-code.ts";
import type { PageCharts } from "../../report/chart.ts";
import { comparePage, type PageComparison } from "../../report/compare/compare-page.ts";
import { type FigureTitles, writeFigures } from "../../report/figures/figure-files.ts";
import { type Paint, paintFor } from "../../report/text-table.ts";
import type { Terminal } from "../command.ts";
import { writeOutput } from "../output-file.ts";
import { commandText, typedWords } from "../typed-words.ts";

export type CompareGiven = {
  readonly page: string | undefined;
  readonly figures: string | undefined;
  readonly json: boolean;
};

export type ToldComparison = {
  /** What `--json` prints. */
  readonly results: unknown;
  readonly text: (paint: Paint) => string;
  readonly page: PageComparison;
  readonly charts: PageCharts;
  readonly figures: PageCharts;
  readonly titles: FigureTitles;
  /** Limits of --fail-on that were passed. */
  readonly failed: readonly string[];
};

/** Throws UsageError for a page that cannot be where it is wanted, DrayageError `storage`. */
export function tellComparison(
  told: ToldComparison,
  given: CompareGiven,
  { out, env, program }: Terminal,
): ExitCode {
  const { failed, charts } = told;
  if (given.figures !== undefined) writeFigures(given.figures, told.figures, told.titles);
  if (given.page !== undefined)
    writeOutput(
      given.page,
      comparePage(told.page, {
        tool: "drayage",
        command: commandText(typedWords()),
        charts,
        at: Date.now(),
        failed,
      }),
      "--page",
    );
  program?.finished({ directory: null, results: told.results });
  if (given.json) out.write(`${JSON.stringify(told.results)}\n`);
  else {
    const isTerminal = (out as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
    out.write(`${told.text(paintFor(env, isTerminal))}\n`);
    for (const text of failed) out.write(`\nregression: ${text}\n`);
  }
  return failed.length > 0 ? ExitCode.regression : ExitCode.done;
}
