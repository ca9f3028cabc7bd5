import type { Command } from "./command.ts";
import { commonReplayOptions, configOption } from "./common-options.ts";
import { loadReplayConfig } from "./config/replay-config.ts";
import { withoutArchives } from "./replay/archived-traces.ts";
import { traceOptions } from "./replay/engine-plan.ts";
import { endingOf, endOptions, overridesOf, traceReadingOptions } from "./replay/replay-options.ts";
import { findPlugin } from "./simulate/find-plugin.ts";
import { runSimulation } from "./simulate/simulation-run.ts";

const { out, "allow-failures": allowFailures } = endOptions;

const options = {
  ...configOption,
  ...traceReadingOptions,
  out,
  "allow-failures": { ...allowFailures, help: "exit 0 also when the simulation raised an error" },
  ...commonReplayOptions,
} as const;

export const simulate: Command<typeof options> = {
  name: "simulate",
  summary: "run a simulation over a trace: shipped ones of caches, or a plug-in of your own",
  examples: [
    {
      type: "drayage simulate -i config.yaml",
      does: "run the simulation that simulate.name and simulate.args of the file name",
    },
    {
      type: "drayage simulate -i config.yaml --set simulate.name=builtin:cache",
      does: "hit ratios of seven cache policies at many sizes",
    },
    {
      type: "DRAYAGE_PYTHON=python2.7 drayage simulate -i config.yaml",
      does: "run a plug-in in Python with this interpreter",
    },
  ],
  options,
  async run(given, _, terminal) {
    const written = loadReplayConfig({
      path: given.config,
      mode: "simulate",
      overrides: overridesOf(given),
      env: terminal.env,
      program: terminal.program,
    });
    const say = (line: string): void => void terminal.err.write(`${line}\n`);
    const plugin = findPlugin(
      {
        name: written.simulate.name,
        args: written.simulate.args,
        configPath: given.config,
        env: terminal.env,
        json: given.json,
      },
      say,
    );
    const config = await withoutArchives(written, {
      purpose: "run",
      tmpDir: given.tmp,
      say: given.quiet ? () => undefined : say,
    });
    return runSimulation(
      {
        ...endingOf({ ...given, "allow-invalid": false, threshold: [] }),
        plugin,
        config,
        trace: {
          ...traceOptions(config, { tmpDir: given.tmp, errorsFile: given.errors }),
          allowUriList: true,
        },
      },
      terminal,
    );
  },
};
