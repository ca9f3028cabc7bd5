import { archiveTraceName } from "../archive/trace/trace-name.ts";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { parseSize } from "../embedded/quantity.ts";
import { type AddressMode, addressModes } from "../extract/masking/client-address.ts";
import { DistinctValues } from "../extract/masking/distinct-values.ts";
import { registryMask } from "../extract/masking/registry-mask.ts";
import { AgentClients, type AgentMode, agentModes } from "../extract/masking/user-agent.ts";
import { NativeTrace } from "../extract/output/native-trace.ts";
import { type LogFormat, logFormats, logReader } from "../extract/registry-log/log-format.ts";
import { readNotifications } from "../extract/registry-log/notifications.ts";
import { extractRegistryLog, type RegistryLogPlan } from "../extract/registry-log/registry-log.ts";
import type { SourceReport, TraceReport } from "../extract/row-sink.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { chooseMaskPolicy } from "./extract/mask-policy-choice.ts";
import { nativeOptions, nativePlan } from "./extract/native-options.ts";
import { refuseOwnInput } from "./extract/own-input.ts";
import { registryFates, scannedFields } from "./extract/registry-fields.ts";
import { tellExtracted } from "./extract/trace-writing.ts";
import { untilInterrupted } from "./extract/until-interrupted.ts";
import { ProgressLine } from "./live/progress-line.ts";
import { toldLines } from "./replay/archived-traces.ts";

const options = {
  ...nativeOptions,
  from: {
    type: "string",
    choices: logFormats,
    default: "auto",
    help: "what wrote the log; auto looks at its first lines",
  },
  "nginx-format": {
    type: "string",
    value: "FORMAT",
    help: "text of nginx's log_format directive; without it lines are JSON, see docs/extract.md",
  },
  "client-from": {
    type: "string",
    choices: ["remote_addr", "http_x_forwarded_for"],
    default: "remote_addr",
    help: "which variable of nginx names the client",
  },
  "time-is": {
    type: "string",
    choices: ["start", "end"],
    help: "what the logged time is, if it is not what this kind of log has",
  },
  spread: {
    type: "boolean",
    default: false,
    help: "place records of one second evenly within it, where the log has whole seconds only",
  },
  notifications: {
    type: "string",
    value: "FILE",
    help: "events of the registry's webhook, one line each: they know the sizes of pushes",
  },
  dedupe: { type: "boolean", default: false, help: "drop records whose request id came before" },
  status: {
    type: "string",
    value: "LIST",
    help: "keep these only: 2xx,3xx,404",
  },
  strict: { type: "boolean", default: false, help: "stop at the first line that cannot be read" },
  ip: {
    type: "string",
    choices: addressModes,
    default: "hash",
    help: "clients: a pseudonym, one that keeps common prefixes, the /24 or /48, or as they are",
  },
  ua: { type: "string", choices: agentModes, default: "generalise", help: "user agents" },
  "ua-min-clients": {
    type: "number",
    integer: true,
    min: 1,
    default: 5,
    value: "N",
    help: 'a user agent that fewer clients have becomes "other"',
  },
  "keep-library": {
    type: "boolean",
    default: false,
    help: "leave the component library at the start of a repository",
  },
  "keep-tags": {
    type: "string",
    default: "latest",
    value: "LIST",
    help: "tags that are no secret",
  },
  style: {
    type: "string",
    choices: ["full", "ibm8"],
    default: "full",
    help: "ibm8: eight digits for everything, as in the published traces",
  },
  "size-round": {
    type: "string",
    default: "1",
    value: "SIZE",
    help: "round sizes up to multiples of this",
  },
} as const;

type Given = OptionValues<typeof options>;

export const extractRegistryLogVerb: Command<typeof options> = {
  name: "extract registry-log",
  summary: "a masked, replayable trace out of a registry's access log",
  examples: [
    {
      type: "drayage extract registry-log registry.log -o trace.json --key-file mask.key",
      does: "a replayable trace without a name of yours",
    },
    {
      type: "drayage extract registry-log access.log* -o trace.json --from nginx --spread",
      does: "rotated logs of a proxy, merged",
    },
  ],
  positionals: ["INPUT..."],
  options,
  async run(given, inputs, terminal) {
    const { plan, trace } = await prepare(given, inputs, terminal);
    const line = new ProgressLine(terminal, given);
    const reading = (lines: () => number): void =>
      line.watch(() => ({ doing: "reading", done: lines(), total: null, unit: "lines" }));
    const { source, report } = await untilInterrupted(
      async () => {
        const read = await extractRegistryLog({ ...plan, reading }, trace);
        if (trace.rows === 0) throw new UsageError(nothingKept(read));
        return { source: read, report: await trace.finish(read) };
      },
      () => trace.abort(),
      terminal.program,
    ).finally(() => line.end());
    terminal.err.write(summary(source, report));
    tellExtracted(terminal, { source, trace: report });
    return source.partial ? ExitCode.operationsFailed : ExitCode.done;
  },
};

async function prepare(given: Given, inputs: readonly string[], terminal: Terminal) {
  const notice = (line: string): void => void terminal.err.write(`${line}\n`);
  refuseOwnInput(inputs, given.out);
  const format = formatOf(given);
  const masking = chooseMaskPolicy(given, { env: terminal.env, notice });
  const sizes =
    given.notifications === undefined ? new Map() : await readNotifications(given.notifications);
  const keepTags = given["keep-tags"].split(",");
  const [addresses, agents] = [given.ip as AddressMode, given.ua as AgentMode];
  if (masking.method === "none" && (addresses === "prefix" || addresses === "subnet"))
    throw new UsageError(
      `--ip ${addresses} masks, and --masking none does not: leave one of them out`,
    );
  const agentClients = new AgentClients(given["ua-min-clients"]);
  const choices = { masking, addresses, agents, keepTags };
  const isGeneral = masking.method !== "none" && agents === "generalise";
  const native = nativePlan(given, {
    terminal,
    verb: "extract registry-log",
    positionals: inputs.map((_, at) => `INPUT${at + 1}`),
    masking,
    base: masking.method === "none" ? "absolute" : "relative",
    fields: registryFates(choices),
    scanned: scannedFields(choices),
    ...(isGeneral ? { shownAgent: (agent: string) => agentClients.shown(agent) } : {}),
  });
  const distinct = new DistinctValues(native.memoryBytes / 4);
  const style = given.style === "ibm8" ? "ibm8" : "full";
  if (style === "ibm8")
    notice(
      "warning: eight digits collide: with 77,000 values as likely as not, and then nothing is written",
    );
  const mask = registryMask(masking, {
    style,
    keepLibrary: given["keep-library"],
    keepTags,
    distinct,
  });
  const plan: RegistryLogPlan = {
    inputs,
    format,
    archived: (input) =>
      archivedRequests(input, { isArchive: given.from === "archive", say: notice }),
    reader: (known) =>
      logReader(known, {
        nginxFormat: given["nginx-format"],
        clientFrom: given["client-from"] === "remote_addr" ? "remote_addr" : "http_x_forwarded_for",
      }),
    timeIs: given["time-is"] as "start" | "end" | undefined,
    spread: given.spread,
    dedupe: given.dedupe,
    strict: given.strict,
    keepsStatus: statusFilter(given.status),
    sizes,
    sizeRound: Math.max(1, parseSize(given["size-round"], "--size-round")),
    mask,
    masking,
    addresses,
    agents,
    agentClients,
    notice,
  };
  return { plan, trace: new NativeTrace(native, distinct) };
}

/** Made anew whenever it is asked for; it begins to read with its first line. */
function archivedRequests(
  input: string,
  { isArchive, say }: { readonly isArchive: boolean; readonly say: (line: string) => void },
): AsyncIterable<string> | undefined {
  const name = isArchive && !input.startsWith("archive:") ? `archive:${input}` : input;
  const archive = archiveTraceName(name);
  return archive === undefined ? undefined : toldLines(name, archive, { purpose: "run", say });
}

function formatOf(given: Given): LogFormat | "auto" {
  if (given["nginx-format"] === undefined) return given.from as LogFormat | "auto";
  if (given.from !== "auto" && given.from !== "nginx")
    throw new UsageError(`--nginx-format goes with --from nginx, not ${given.from}`);
  return "nginx";
}

const STATUS = /^(?:[1-5]xx|[1-5]\d\d)$/;

function statusFilter(list: string | undefined): (status: number) => boolean {
  if (list === undefined) return () => true;
  const parts = list.split(",").map((part) => part.trim());
  const wrong = parts.find((part) => !STATUS.test(part));
  if (wrong !== undefined)
    throw new UsageError(`--status wants a list such as 2xx,3xx,404, not "${wrong}"`);
  return (status) =>
    parts.includes(String(status)) || parts.includes(`${Math.floor(status / 100)}xx`);
}

/** Why the lines were none may say what to do: which variable a format lacks. */
function nothingKept({ rowsRead, dropped, warnings }: SourceReport): string[] {
  const left = reasons(dropped);
  return [
    ...warnings,
    `no request of the registry API among ${rowsRead} lines${left === "" ? "" : ` (${left})`}: is it a log with a line for each request? distribution needs log.formatter: json`,
  ];
}

const reasons = (dropped: SourceReport["dropped"]): string =>
  Object.entries(dropped)
    .map(([reason, count]) => `${reason}: ${count}`)
    .join(", ");

function summary(source: SourceReport, { path, rows, bytes, warnings }: TraceReport): string {
  const dropped = reasons(source.dropped);
  const lines = [
    ...[...source.warnings, ...warnings].map((text) => `warning: ${text}`),
    `${path}  ${rows} requests, ${bytes} bytes, of ${source.rowsRead} lines${dropped === "" ? "" : ` (${dropped})`}`,
  ];
  return `${lines.join("\n")}\n`;
}
