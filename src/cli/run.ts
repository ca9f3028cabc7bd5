import { randomBytes } from "node:crypto";
import { ExitCode } from "../core/exit-code.ts";
import { accountLine, brokenLines } from "../trace/account.ts";
import { hasRemoteNodes } from "./cluster/remote-nodes.ts";
import { thenClose } from "./cluster/then-close.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { commonReplayOptions, configOption } from "./common-options.ts";
import { loadReplayConfig } from "./config/replay-config.ts";
import { ctlAddress, ctlOption, freeCtlAddress } from "./ctl/ctl-address.ts";
import { requireUi } from "./live/ui-choice.ts";
import { requireApart } from "./replay/apart.ts";
import { namesArchive, withoutArchives } from "./replay/archived-traces.ts";
import { checkRegistries } from "./replay/check-registries.ts";
import { dryRun } from "./replay/dry-run.ts";
import { planRun, type RunFlags } from "./replay/engine-plan.ts";
import { checkInputs, checkMap } from "./replay/map-files.ts";
import {
  endingOf,
  endOptions,
  nodeOptions,
  overridesOf,
  resumeOption,
  traceReadingOptions,
} from "./replay/replay-options.ts";
import { loggedRequests, requestLogOptions } from "./replay/request-log.ts";
import { replayRun } from "./replay/run-replay.ts";

const options = {
  ...configOption,
  local: {
    type: "number",
    integer: true,
    min: 1,
    max: 64,
    value: "N",
    help: "run N workers in this process instead of those in client_info.client_list",
  },
  "dry-run": { type: "boolean", default: false, help: "send nothing and ask no registry" },
  plan: { type: "string", value: "FILE", help: "write what is sent, by whom and when (NDJSON)" },
  ...nodeOptions,
  ...resumeOption,
  ...traceReadingOptions,
  ...endOptions,
  ...ctlOption,
  ...requestLogOptions,
  ...commonReplayOptions,
} as const;

export const run: Command<typeof options> = {
  name: "run",
  summary: "replay a trace against a registry",
  examples: [
    { type: "drayage run -i config.yaml", does: "replay as the file says" },
    {
      type: "drayage run -i config.yaml --set client_info.wait=true --set client_info.speed=10",
      does: "keep the trace's timing, ten times as fast",
    },
    {
      type: "drayage run -i config.yaml --dry-run --plan plan.ndjson",
      does: "show what would be sent, and send nothing",
    },
  ],
  options,
  async run(given, _, terminal) {
    const written = loadReplayConfig({
      path: given.config,
      mode: "run",
      overrides: overridesOf(given),
      env: terminal.env,
      program: terminal.program,
      local: given.local,
    });
    const warn = (line: string): void => void terminal.err.write(`${line}\n`);
    const config = await withoutArchives(written, {
      purpose: "run",
      tmpDir: given.tmp,
      say: given.quiet ? () => undefined : warn,
    });
    const flags: RunFlags = {
      local: given.local,
      planFile: given.plan,
      dryRun: given["dry-run"],
      isRecording: namesArchive(written.trace),
      runId: given.resume ?? randomBytes(8).toString("hex"),
      resumes: given.resume !== undefined,
      tmpDir: given.tmp,
      errorsFile: given.errors,
    };
    requireApart(config, {
      read: { "warmup.output": config.warmup.output },
      written: {
        ...(flags.dryRun ? {} : { "trace.output": config.trace.output }),
        "--plan": given.plan,
        "--errors": given.errors,
      },
    });
    if (flags.dryRun) return showPlan(given, planRun(config, flags).feed, terminal);
    requireUi(given, terminal);
    checkInputs(config);
    checkMap(config, warn);
    const ending = {
      verb: "run",
      config,
      ...endingOf(given),
      logged: loggedRequests(given),
      ctl: await freeCtlAddress(given, terminal.env),
      next: [],
    };
    const spreads = given.nodes && given.local === undefined && hasRemoteNodes(config);
    if (spreads || flags.resumes === true) {
      const ctl = ending.ctl ?? ctlAddress(given, terminal.env, config.clientInfo.port);
      const { spreadRun } = await import("./cluster/spread-replay.ts");
      const spread = await spreadRun(config, flags, { ca: given.ca, env: terminal.env, say: warn });
      return thenClose(spread, () => replayRun({ ...ending, ...spread, ctl }, terminal));
    }
    noteWorkers(config.clientInfo.clientList ?? [], given, terminal);
    await checkRegistries(config, config.registry.keys(), warn);
    return replayRun({ ...ending, plan: planRun(config, flags) }, terminal);
  },
};

type Given = OptionValues<typeof options>;

async function showPlan(
  given: Given,
  feed: Parameters<typeof dryRun>[0],
  terminal: Terminal,
): Promise<ExitCode> {
  const summary = await dryRun(feed);
  if (!given.quiet) {
    for (const line of brokenLines(summary.account)) terminal.err.write(`${line}\n`);
  }
  if (given.json) {
    terminal.out.write(`${JSON.stringify(summary)}\n`);
  } else {
    const seconds = summary.traceSeconds.toFixed(3);
    const skipped = Object.entries(summary.skipped).map(([reason, count]) => `${reason} ${count}`);
    const left = skipped.length === 0 ? "" : `; skipped: ${skipped.join(", ")}`;
    terminal.out.write(
      `${summary.emitted} operations over ${seconds} s of trace${left}; records: ${accountLine(summary.account)}\n`,
    );
  }
  return ExitCode.done;
}

/** Workers on other machines come with `master` and `client`; here all of them run in this process. */
function noteWorkers(workers: readonly string[], given: Given, terminal: Terminal): void {
  const remote = workers.filter((worker) => worker !== "local");
  if (given.local !== undefined || given.quiet || remote.length === 0) return;
  const [all, run, are] =
    workers.length === 1
      ? ["the worker", "runs", "is"]
      : [`the ${workers.length} workers`, "run", remote.length === 1 ? "is" : "are"];
  terminal.err.write(
    `${all} of client_info.client_list ${run} in this process (${remote.join(", ")} ${are} not asked)\n`,
  );
}
