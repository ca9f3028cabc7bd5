import { UsageError } from "../core/errors.ts";
import { requireReplaceable } from "../core/replaceable.ts";
import { hasRemoteNodes } from "./cluster/remote-nodes.ts";
import type { spreadWarmup } from "./cluster/spread-replay.ts";
import { thenClose } from "./cluster/then-close.ts";
import type { Command } from "./command.ts";
import { commonReplayOptions, configOption } from "./common-options.ts";
import { redactedArguments } from "./config/redacted-arguments.ts";
import { loadReplayConfig } from "./config/replay-config.ts";
import { ctlAddress, ctlOption, freeCtlAddress } from "./ctl/ctl-address.ts";
import { requireUi } from "./live/ui-choice.ts";
import { requireApart } from "./replay/apart.ts";
import { withoutArchives } from "./replay/archived-traces.ts";
import { checkRegistries } from "./replay/check-registries.ts";
import { warmedRegistries } from "./replay/map-files.ts";
import {
  endingOf,
  endOptions,
  nodeOptions,
  overridesOf,
  resumeOption,
  traceReadingOptions,
} from "./replay/replay-options.ts";
import { loggedRequests, requestLogOptions } from "./replay/request-log.ts";
import { replayWarmup } from "./replay/warmup-replay.ts";
import { commandText } from "./typed-words.ts";

const options = {
  ...configOption,
  restart: {
    type: "boolean",
    default: false,
    help: "forget what an interrupted warm-up has reached, and begin anew",
  },
  ...nodeOptions,
  ...resumeOption,
  ...traceReadingOptions,
  ...endOptions,
  ...ctlOption,
  ...requestLogOptions,
  ...commonReplayOptions,
} as const;

/** What speaks to nodes is loaded where there are any. */
const spread: typeof spreadWarmup = async (...given) =>
  (await import("./cluster/spread-replay.ts")).spreadWarmup(...given);

/** With the same settings: others would be refused, as the map or the journal says how it was made. */
const commandWith = (
  verb: string,
  { config, set }: { readonly config: string; readonly set: readonly string[] },
): string =>
  commandText(
    redactedArguments([verb, "-i", config, ...set.flatMap((setting) => ["--set", setting])]),
  );

export const warmup: Command<typeof options> = {
  name: "warmup",
  summary: "fill a registry with what a trace will ask for",
  examples: [
    { type: "drayage warmup -i config.yaml", does: "push every object that the trace's GETs name" },
    {
      type: "drayage warmup -i config.yaml --restart",
      does: "begin anew after an interrupted warm-up with other settings",
    },
  ],
  options,
  async run(given, _, terminal) {
    const written = loadReplayConfig({
      path: given.config,
      mode: "warmup",
      overrides: overridesOf(given),
      env: terminal.env,
      program: terminal.program,
    });
    const say = (line: string): void => void terminal.err.write(`${line}\n`);
    const config = await withoutArchives(written, {
      purpose: "warmup",
      tmpDir: given.tmp,
      say: given.quiet ? () => undefined : say,
    });
    const ctl = await freeCtlAddress(given, terminal.env);
    const surroundings = { ca: given.ca, env: terminal.env, say };
    const { restart, resume } = given;
    if (restart && resume !== undefined)
      throw new UsageError("--restart begins anew, --resume goes on: give one of them");
    requireUi(given, terminal);
    requireReplaceable(config.warmup.output);
    requireApart(config, {
      written: { "warmup.output": config.warmup.output, "--errors": given.errors },
    });
    const nodes =
      resume !== undefined || (given.nodes && hasRemoteNodes(config))
        ? await spread(config, { restart, resume, errorsFile: given.errors }, surroundings)
        : undefined;
    if (nodes === undefined) await checkRegistries(config, warmedRegistries(config), say);
    return thenClose(nodes, () =>
      replayWarmup(
        {
          verb: "warmup",
          config,
          nodes,
          flags: { tmpDir: given.tmp, errorsFile: given.errors },
          ...{ restart, runId: nodes?.runId },
          ...endingOf(given),
          logged: loggedRequests(given),
          ctl: ctl ?? (nodes && ctlAddress(given, terminal.env, config.clientInfo.port)),
          next: [{ type: commandWith("run", given), does: "replay the trace" }],
          again: { type: commandWith("warmup", given), does: "go on where this one stopped" },
        },
        terminal,
      ),
    );
  },
};
