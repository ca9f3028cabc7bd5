import type { Terminal } from "../command.ts";
import { ControlledView } from "../ctl/controlled-view.ts";
import type { CtlAddress } from "../ctl/ctl-address.ts";
import { LiveView } from "./live-view.ts";
import { JsonView, PlainView } from "./plain-view.ts";
import type { RunView, ViewedRun } from "./run-view.ts";
import { chooseUi } from "./ui-choice.ts";

export type UiFlags = {
  /** A word of `uiModes`. */
  readonly ui: string;
  readonly quiet: boolean;
  /** Says more where lines are written. */
  readonly verbose?: boolean | undefined;
  /** Where `drayage ctl` reaches the run; nowhere if absent. */
  readonly ctl?: CtlAddress | undefined;
};

/** The view of a run that is about to begin. Throws UsageError. */
export function openView(run: ViewedRun, flags: UiFlags, terminal: Terminal): RunView {
  const view = viewOf(run, flags, terminal);
  return flags.ctl === undefined ? view : new ControlledView(view, run, flags.ctl);
}

function viewOf(run: ViewedRun, { ui, quiet, verbose }: UiFlags, terminal: Terminal): RunView {
  if (terminal.program !== undefined) return terminal.program.view(run);
  const write = (line: string): void => void terminal.err.write(`${line}\n`);
  if (quiet) return new PlainView(write, { quiet, silent: true });
  const choice = chooseUi(ui, terminal);
  switch (choice) {
    case "live":
      return new LiveView(run, terminal, process.stdin);
    case "json":
      return new JsonView(write, run.ramp);
    case "plain":
    case "none":
      return new PlainView(write, { quiet, verbose, silent: choice === "none", ramp: run.ramp });
    default:
      return choice satisfies never;
  }
}
