import { UsageError } from "../core/errors.ts";
import { resumeArguments, resumedElsewhere } from "./cluster/resume-arguments.ts";
import type { Command, OptionTable } from "./command.ts";
import { commonReplayOptions, configOption } from "./common-options.ts";
import { ctlOption } from "./ctl/ctl-address.ts";
import { parseArguments } from "./parser.ts";
import {
  endOptions,
  nodeOptions,
  resumeOption,
  traceReadingOptions,
} from "./replay/replay-options.ts";
import { requestLogOptions } from "./replay/request-log.ts";

const unless = "but for --resume with a run directory";

const options = {
  command: {
    type: "string",
    alias: "c",
    required: true,
    unless,
    choices: ["warmup", "run", "simulate"],
    value: "MODE",
    help: "what to do",
  },
  config: { ...configOption.config, unless },
  ca: nodeOptions.ca,
  ...resumeOption,
  ...traceReadingOptions,
  ...endOptions,
  ...ctlOption,
  ...requestLogOptions,
  ...commonReplayOptions,
} as const satisfies OptionTable;

type Mode = "warmup" | "run" | "simulate";

/** The commands that `-c` can name. */
export type Modes = Readonly<Record<Mode, () => Promise<Command>>>;

/** The spelling of the trace replayer that drayage stands in for: `master -c run -i FILE` is `run --nodes -i FILE`. */
export const masterOf = (modes: Modes): Command<typeof options> => ({
  name: "master",
  summary: "warmup, run and simulate, sent from the machines of client_info.client_list",
  examples: [
    {
      type: "drayage master -c warmup -i config.yaml",
      does: "fill the registry from all nodes; from here where none of them answers",
    },
    {
      type: "drayage master -c run -i config.yaml",
      does: "replay from the nodes of client_info.client_list, where drayage client runs",
    },
    {
      type: "drayage master -c simulate -i config.yaml",
      does: "as drayage simulate -i config.yaml",
    },
    {
      type: "drayage master --resume runs/2026-11-23T13-05-53Z_run_c61434",
      does: "carry on a run, warm-up, load or ramp over message servers whose master was killed",
    },
  ],
  instead: resumedElsewhere,
  normalize: resumeArguments,
  options,
  async run({ command, ...common }, _positionals, terminal) {
    // The option table lets nothing else through.
    const verb = await modes[command as Mode]();
    if (common.resume !== undefined && !("resume" in verb.options))
      throw new UsageError(
        `--resume carries runs and warm-ups on: type master -c ${command} without it`,
      );
    const nodes = "nodes" in verb.options ? { nodes: true } : {};
    // Parsed again with the verb's own table, which has more flags: their defaults and variables are the verb's.
    const { options, positionals } = parseArguments(verb, {
      args: argumentsOf(knownTo(verb, { ...common, ...nodes })),
      env: terminal.env,
    });
    return verb.run(options, positionals, terminal);
  },
});

/** A simulation sends nothing, and has no flags for what only senders need. */
const knownTo = (
  { options: known }: Command,
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name in known));

/** The flags that give these values: `--config=FILE`, `--set=…` once per value, `--json` or `--no-json`. */
function argumentsOf(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value === "boolean") return [value ? `--${name}` : `--no-${name}`];
    return (Array.isArray(value) ? value : [value]).map((item) => `--${name}=${item}`);
  });
}
