import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { timeOption, timeText } from "../extract/event-time.ts";
import {
  connectionSettings,
  type GivenConnection,
  optionSource,
} from "../extract/instances/connection-settings.ts";
import {
  type InstanceOptions,
  type OpenNova,
  openNova,
  readInstances,
} from "../extract/instances/instance-extraction.ts";
import { clientDefaults } from "../extract/instances/my-cnf.ts";
import { readConfig, type StarcompactorConfig } from "../extract/machines/starcompactor-config.ts";
import { openInstanceTrace } from "../extract/output/instance-trace.ts";
import { readSecretFile } from "../extract/secret-file.ts";
import type { SortOrder, TracePlan } from "../extract/trace-plan.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { attachedValues } from "./extract/attached-values.ts";
import { extractOptions, sortOption } from "./extract/extract-options.ts";
import { databaseOptions, instanceTypeOption } from "./extract/nova-options.ts";
import { readPassword } from "./extract/password-input.ts";
import { schemaChoice } from "./extract/schema-choice.ts";
import { tracePlan } from "./extract/trace-plan.ts";
import { writeTrace } from "./extract/trace-writing.ts";
import { ProgressLine } from "./live/progress-line.ts";

const options = {
  ...databaseOptions,
  "password-file": { type: "string", value: "FILE", help: "password, without its last line end" },
  "password-stdin": {
    type: "boolean",
    default: false,
    help: "read the password from standard input",
  },
  socket: { type: "string", value: "FILE", help: "socket of a server on this machine" },
  ssl: { type: "boolean", default: false, help: "encrypt, and verify the server's certificate" },
  "ssl-ca": {
    type: "string",
    value: "FILE",
    help: "authority that has signed the server's certificate; encrypts too",
  },
  "defaults-file": { type: "string", value: "FILE", help: "the only my.cnf to read" },
  defaults: { type: "boolean", default: true, help: "--no-defaults: read no my.cnf" },
  database: { type: "string", alias: "d", value: "SCHEMA", help: "schema of Nova; nova" },
  "nova-databases": {
    type: "string",
    value: "A,B",
    help: "schemas of several cells; in v0.3 nova and nova_cell0",
  },
  cells: { type: "string", choices: ["auto"], help: "auto: the schemas that nova_api names" },
  start: {
    type: "string",
    alias: "s",
    value: "TIME",
    help: "first created_at of actions to read, UTC",
  },
  end: {
    type: "string",
    alias: "e",
    value: "TIME",
    help: "last created_at, inclusive; a bare date is its midnight, so 2015-09-18 leaves out that day but for its first second",
  },
  shadow: { type: "boolean", default: false, help: "read archived rows too, from shadow_ tables" },
  "exclude-user": {
    type: "string",
    array: true,
    empty: true,
    value: "ID",
    help: "leave out instances of this user; admin unless given, '' leaves out nobody",
  },
  "exclude-project": {
    type: "string",
    array: true,
    empty: true,
    value: "ID",
    help: "leave out instances of this project; admin unless given, '' leaves out none",
  },
  "include-unfinished": {
    type: "boolean",
    default: false,
    help: "keep events that have not finished",
  },
  "vm-host": {
    type: "string",
    choices: ["instance", "event"],
    default: "instance",
    help: "event: the host where the event took place, where Nova says so",
  },
  snapshot: {
    type: "boolean",
    default: true,
    help: "--no-snapshot: without one view of the database for all rows, to spare a busy server",
  },
  ...sortOption,
  "sort-at": {
    type: "string",
    choices: ["auto", "local", "server"],
    default: "auto",
    help: "who sorts; auto: here, which is faster",
  },
  ...extractOptions,
  masking: { ...extractOptions.masking, alias: "m" },
  salt: { ...extractOptions.salt, alias: "t" },
  ...instanceTypeOption,
} as const;

type Given = OptionValues<typeof options>;

/** Events of instances out of a live Nova database. */
export const extractInstances: Command<typeof options> = {
  name: "extract instances",
  summary: "write the instance events of a Nova database as an anonymous trace",
  examples: [
    {
      type: "drayage extract instances -u cc_trace --password-file pw --key-file mask.key trace.csv",
      does: "the schema nova of the server here, masked with a key",
    },
    {
      type: "drayage extract instances -H db1 --start 2015-09-17 --shadow -j trace.jsonl",
      does: "from a date on, archived rows too, JSON lines",
    },
  ],
  positionals: ["OUTPUT"],
  options,
  normalize: (args) => attachedValues(options, args),
  async run(given, [output = ""], terminal) {
    const config = readConfig(given.config);
    const sort = sortPlan(given);
    const bareMetal = isBareMetal(given);
    const common = tracePlan(given, {
      terminal,
      verb: "extract instances",
      output,
      sort: sort.local,
      configEpoch: config.epoch,
    });
    const plan: TracePlan = {
      ...common,
      bareMetal,
      hostOfEvent: given["vm-host"] === "event",
    };
    for (const line of config.warnings) plan.notice(line);
    const instances = await instanceOptions(given, { config, plan, terminal, sort });
    const nova = await openNova(instances);
    try {
      if (given["dry-run"]) return printPlan(nova, { given, terminal });
      const sink = await openInstanceTrace(plan);
      const line = new ProgressLine(terminal, given);
      const reading = (rows: () => number): void =>
        line.watch(() => ({ doing: "reading", done: rows(), total: null, unit: "rows" }));
      return await writeTrace(sink, {
        fill: async (target) => {
          const read = await readInstances(nova, {
            options: { ...instances, reading },
            sink: target,
          });
          // The server need not keep its view of all tables while rows are put in order and checked here.
          await nova.database.close();
          return read;
        },
        terminal,
        line,
      });
    } finally {
      await nova.database.close();
    }
  },
};

/** The name of the original's program. */
export const dbDump: Command<typeof options> = {
  ...extractInstances,
  name: "db_dump",
  summary: "the same as extract instances, as Star Compactor spells it",
  examples: [{ type: "drayage db_dump -u cc_trace trace.csv", does: "the instance events" }],
};

function isBareMetal(given: Given): boolean {
  if (given["instance-type"] !== "baremetal") return false;
  if (given.format !== "v0.3")
    throw new UsageError("--instance-type baremetal is a matter of v0.3: add --format v0.3");
  return true;
}

type SortPlan = { readonly local: SortOrder; readonly server: SortOrder };

/** Who sorts by what. */
function sortPlan(given: Given): SortPlan {
  const sort = given.sort as SortOrder;
  return given["sort-at"] === "server"
    ? { local: "none", server: sort }
    : { local: sort, server: "none" };
}

async function instanceOptions(
  given: Given,
  {
    config,
    plan,
    terminal,
    sort,
  }: { config: StarcompactorConfig; plan: TracePlan; terminal: Terminal; sort: SortPlan },
): Promise<InstanceOptions> {
  const defaults = clientDefaults({
    defaultsFile: given["defaults-file"],
    noDefaults: !given.defaults,
  });
  for (const line of defaults.warnings) plan.notice(line);
  const connection = await givenConnection(given, { env: terminal.env, notice: plan.notice });
  return {
    settings: connectionSettings({ given: connection, env: terminal.env, defaults }),
    schemas: schemaChoice({
      cells: given.cells,
      database: given.database,
      list: given["nova-databases"],
      version: plan.version,
      configured: config.novaDatabases,
    }),
    shadow: given.shadow,
    selection: {
      start: boundOf(given.start, "--start"),
      end: boundOf(given.end, "--end"),
      excludedUsers: excluded(given["exclude-user"]),
      excludedProjects: excluded(given["exclude-project"]),
      hostOfEvent: given["vm-host"] === "event",
    },
    includeUnfinished: given["include-unfinished"],
    snapshot: given.snapshot,
    serverOrder: sort.server,
    alongActions: sort.local !== "none",
    strict: given.strict,
    notice: plan.notice,
    progress: given.verbose || given.debug ? plan.notice : () => {},
    debug: given.debug ? plan.notice : () => {},
  };
}

type Surroundings = {
  readonly env: NodeJS.ProcessEnv;
  readonly notice: (line: string) => void;
};

async function givenConnection(given: Given, surroundings: Surroundings): Promise<GivenConnection> {
  return {
    user: given["db-user"],
    password: await passwordOf(given, surroundings),
    host: given.host,
    port: given.port,
    socket: given.socket,
    ssl: given.ssl,
    sslCa: given["ssl-ca"],
  };
}

async function passwordOf(
  given: Given,
  { env, notice }: Surroundings,
): Promise<GivenConnection["password"]> {
  const file = given["password-file"];
  const ways = [given.password !== undefined, file !== undefined, given["password-stdin"]];
  if (ways.filter((way) => way).length > 1)
    throw new UsageError("--password, --password-file and --password-stdin: give one of them");
  if (file !== undefined) {
    const anyMode = given["insecure-file-mode"];
    const value = readSecretFile(file, { option: "--password-file", anyMode }).toString("utf8");
    return { value, source: "--password-file" };
  }
  if (given["password-stdin"])
    return { value: await readPassword(process.stdin), source: "--password-stdin" };
  if (given.password === undefined) return undefined;
  const source = optionSource("password", { option: given.password, env });
  if (source === "--password")
    notice("--password can be seen by others on this machine: use --password-file");
  return { value: given.password.replace(/^(['"])(.*)\1$/s, "$2"), source };
}

/** As the server writes times, so that it compares them as such. */
const boundOf = (text: string | undefined, option: string): string | undefined =>
  text === undefined ? undefined : timeText(timeOption(text, option)).replace("T", " ");

const excluded = (given: readonly string[]): string[] =>
  given.length === 0 ? ["admin"] : given.filter((value) => value !== "");

function printPlan(
  { database, schemas, version, statements }: OpenNova,
  { given, terminal: { out } }: { given: Given; terminal: Terminal },
): ExitCode {
  out.write(`server ${version} at ${database.place}; all tables and columns can be read\n`);
  out.write(
    `schemas ${schemas.join(", ")}; ${statements.length} ${statements.length === 1 ? "statement" : "statements"}; sorted by ${given.sort}\n`,
  );
  const [first] = statements;
  if (first !== undefined) out.write(`${first.sql}\n`);
  return ExitCode.done;
}
