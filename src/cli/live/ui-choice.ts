// How a command tells of its course: `--ui`.
import { UsageError } from "../../core/errors.ts";
import type { OptionTable, Terminal } from "../command.ts";
import { isInForeground } from "./foreground.ts";

const uiModes = ["auto", "live", "plain", "json", "none"] as const;
type UiMode = (typeof uiModes)[number];

export const uiOption = {
  ui: {
    type: "string",
    choices: uiModes,
    default: "auto",
    value: "MODE",
    help: "course of the run: live view on a terminal, plain lines elsewhere, json (NDJSON) or none",
  },
} as const satisfies OptionTable;

export type Ui = Exclude<UiMode, "auto">;

const isTerminalStream = (stream: NodeJS.WritableStream): boolean =>
  (stream as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;

/** Lines can be written over: a terminal that is no log of a build and knows how. */
export const rewrites = ({ err, env }: Terminal): boolean =>
  isTerminalStream(err) && (env.CI ?? "") === "" && env.TERM !== "dumb";

/** Throws UsageError where a live view was asked for and cannot be, for commands to find out before they begin anything. */
export function requireUi(
  { ui, quiet }: { readonly ui: string; readonly quiet: boolean },
  terminal: Terminal,
): void {
  if (terminal.program === undefined && !quiet) chooseUi(ui, terminal);
}

/** Throws UsageError where a live view was asked for and cannot be. */
export function chooseUi(mode: string, terminal: Terminal): Ui {
  const choice = uiModes.find((known) => known === mode) ?? "auto";
  const isTerminal = isTerminalStream(terminal.err) && process.stdin.isTTY === true;
  if (choice === "live" && !isTerminal)
    throw new UsageError("--ui live needs a terminal: leave it out, or choose plain or json");
  if (choice !== "auto") return choice;
  return isTerminal && rewrites(terminal) && isInForeground() ? "live" : "plain";
}
