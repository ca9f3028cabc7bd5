// Nodes on the command line of what has no configuration: `load` and `pull`. What flags say lies over the section `cluster` of
// their file, which is the one of a configuration but for what concerns traces.
import { randomBytes } from "node:crypto";
import { isToken } from "../../cluster/nats/names.ts";
import { UsageError } from "../../core/errors.ts";
import { seconds } from "../../core/units.ts";
import { parseDuration } from "../../embedded/quantity.ts";
import type { OptionTable, OptionValues, Terminal } from "../command.ts";
import { type CamelKeys, camelKeys } from "../config/camel-keys.ts";
import { machineDefaults, natsDefaults } from "../config/cluster-defaults.ts";
import { fileSection } from "../config/file-section.ts";
import { credentialsForm } from "../config/nats-credentials.ts";
import { givenCredentials, natsAddresses } from "./nats-address.ts";
import { NODE_NAME, repeatedNode } from "./node-name.ts";
import type { NodeSet, NodeSetRequest } from "./node-set.ts";
import { BEATS } from "./run-patience.ts";
import type { RunDescription } from "./same-run.ts";

/** The table is loaded for files that have the section: most commands do without. */
const loadMachines = async () => (await import("../config/cluster-schema.ts")).machinesMapping();

export const givenNodeOptions = {
  nodes: {
    type: "string",
    value: "LIST",
    check: (text, label) => void nodeList(text, label),
    help: "send from these machines, HOST:PORT,HOST:PORT, where drayage client runs; local is this one",
  },
  "node-ca": {
    type: "string",
    value: "FILE",
    help: "authority of the certificates of --nodes (PEM): speaks TLS with them",
  },
  nats: {
    type: "string",
    value: "URLS",
    check: (text, label) => void natsAddresses(text, label),
    help: "send from the nodes that are announced at these servers, nats://[USER:PASSWORD@|TOKEN@]HOST:PORT,…",
  },
  group: {
    type: "string",
    value: "NAME",
    check: groupOf,
    help: "group of these nodes: what drayage client --group gave them",
  },
  expect: {
    type: "number",
    integer: true,
    min: 1,
    max: 1000,
    value: "N",
    help: "nodes of the group that take part; so many are waited for",
  },
  min: {
    type: "number",
    integer: true,
    min: 1,
    value: "N",
    help: "nodes that are enough to start with; all of them if absent",
  },
  wait: {
    type: "string",
    value: "TIME",
    check: (text, label) => void parseDuration(text, label),
    help: "how long nodes may take to be there (default 5s; 60s with --nats)",
  },
  "lost-after": {
    type: "string",
    value: "TIME",
    check: (text, label) => void lostAfterOf(text, label),
    help: "a node that is silent for so long is lost (default 15s)",
  },
  nkey: { type: "string", value: "FILE", help: "seed of an nkey for the servers of --nats" },
  creds: { type: "string", value: "FILE", help: "JWT and nkey for the servers of --nats" },
  "nats-ca": { type: "string", value: "FILE", help: "authority of the servers of --nats (PEM)" },
  "nats-cert": {
    type: "string",
    value: "FILE",
    help: "certificate (PEM) that is shown to the servers of --nats",
  },
  "nats-key": { type: "string", value: "FILE", help: "its key (PEM)" },
  cluster: {
    type: "section",
    section: fileSection(loadMachines, {
      nats: { servers: ["nats://127.0.0.1:4222"] },
      group: "load",
      expect: 3,
    }),
    help: "the same as in a configuration (cluster.*), without split, rows and on_lost; flags come first",
  },
} as const satisfies OptionTable;

type GivenNodes = Partial<OptionValues<typeof givenNodeOptions>>;

type FiledCluster = CamelKeys<NonNullable<GivenNodes["cluster"]>>;
type Cluster = NodeSetRequest["cluster"];

/** Where the nodes are, and how they are found. */
export type WantedNodes = Pick<NodeSetRequest, "list" | "cluster" | "ca">;

/** Flags that say something of nodes, and flags that say something of message servers. */
const ofNodes = ["node-ca", "min", "wait", "lost-after"] as const;
const ofServers = ["group", "expect", "nkey", "creds", "nats-ca", "nats-cert", "nats-key"] as const;

/** Undefined where this process does everything. Throws UsageError. */
export function wantedNodes(given: GivenNodes): WantedNodes | undefined {
  const { nodes, cluster: filed } = given;
  if (given.nats === undefined && filed?.nats === undefined) {
    refuse(given, ofServers, "--nats URLS");
    refuseFiled(filed);
    if (nodes === undefined) {
      refuse(given, ofNodes, "--nodes HOST:PORT,HOST:PORT or --nats URLS");
      return undefined;
    }
    const list = nodeList(nodes, "--nodes");
    return { list, cluster: checked(clusterOf(given), list.length), ca: given["node-ca"] };
  }
  if (nodes !== undefined)
    throw new UsageError(
      "--nodes lists machines, and --nats (or cluster.nats) finds them in a group: leave one of them out",
    );
  if (given["node-ca"] !== undefined)
    throw new UsageError("--node-ca goes with --nodes; the authority of servers is --nats-ca FILE");
  const cluster = { ...clusterOf(given), nats: natsOf(given) };
  const { group, expect } = cluster;
  if (group === undefined)
    throw new UsageError("--nats wants --group NAME as well: what drayage client was given");
  if (expect === undefined)
    throw new UsageError("--nats wants --expect N as well: how many nodes of the group take part");
  return { list: [], cluster: checked(cluster, expect), ca: undefined };
}

function refuse(given: GivenNodes, names: readonly (keyof GivenNodes)[], companion: string): void {
  const alone = names.find((name) => given[name] !== undefined);
  if (alone !== undefined) throw new UsageError(`--${alone} goes with ${companion}`);
}

function refuseFiled(filed: GivenNodes["cluster"]): void {
  const alone = (["group", "expect"] as const).find((name) => filed?.[name] !== undefined);
  if (alone !== undefined)
    throw new UsageError(`cluster.${alone} goes with cluster.nats, or --nats URLS`);
}

function checked(cluster: Cluster, count: number): Cluster {
  const { min } = cluster;
  if (min === undefined || min <= count) return cluster;
  throw new UsageError(`--min ${min} is more than the nodes that take part: ${count}`);
}

const LOST_AFTER_SECONDS_MIN = 0.1;
const HEARTBEAT_SECONDS_MAX = 2;

function lostAfterOf(text: string, label: string): number {
  const silence = parseDuration(text, label) / 1000;
  if (silence < LOST_AFTER_SECONDS_MIN)
    throw new UsageError(
      `${label} wants a time of at least ${LOST_AFTER_SECONDS_MIN} s, not "${text}"`,
    );
  return silence;
}

/** As of a configuration: defaults, the file, the flags. */
function clusterOf(given: GivenNodes): Cluster {
  const section: FiledCluster =
    given.cluster === undefined ? machineDefaults : camelKeys(given.cluster);
  const { group = section.group, expect = section.expect, min = section.min } = given;
  const wait =
    given.wait === undefined ? section.wait : seconds(parseDuration(given.wait, "--wait") / 1000);
  return {
    ...section,
    ...{ group, expect, min, wait },
    ...silence(given["lost-after"]),
    // Who sends what follows from the plan, on every machine; what a lost node had to send is told as lost.
    split: "local",
    onLost: "report",
    rows: "along",
  };
}

function silence(text: string | undefined): Partial<Pick<Cluster, "lostAfter" | "heartbeat">> {
  if (text === undefined) return {};
  const lostAfter = lostAfterOf(text, "--lost-after");
  const heartbeat = Math.min(HEARTBEAT_SECONDS_MAX, lostAfter / BEATS);
  return { lostAfter: seconds(lostAfter), heartbeat: seconds(heartbeat) };
}

function natsOf(given: GivenNodes): NonNullable<Cluster["nats"]> {
  const nats = given.cluster?.nats;
  const filed: NonNullable<FiledCluster["nats"]> =
    nats === undefined ? natsDefaults : camelKeys(nats);
  const addresses = given.nats === undefined ? undefined : natsAddresses(given.nats, "--nats");
  const credentials = givenCredentials(addresses?.credentials, given);
  return {
    ...filed,
    servers: addresses?.servers ?? filed.servers,
    credentials: credentials === undefined ? filed.credentials : credentialsForm(credentials),
    tls: tlsOf(given) ?? filed.tls,
  };
}

function tlsOf(given: GivenNodes): NonNullable<Cluster["nats"]>["tls"] {
  const { "nats-ca": ca, "nats-cert": cert, "nats-key": key } = given;
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError("--nats-cert and --nats-key go together: give both");
  return ca === undefined && cert === undefined ? undefined : { ca, cert, key };
}

function groupOf(text: string, label: string): void {
  if (!isToken(text))
    throw new UsageError(`${label} wants letters, digits, - and _, 48 at most, not "${text}"`);
}

function nodeList(text: string, label: string): string[] {
  const list = text.split(",").map((name) => name.trim());
  const wrong = list.find((name) => !NODE_NAME.test(name));
  if (wrong !== undefined)
    throw new UsageError(`${label} wants HOST:PORT,HOST:PORT or local, not "${wrong}"`);
  const twice = list[repeatedNode(list)];
  if (twice !== undefined)
    throw new UsageError(`${label} lists ${twice} twice: a machine is one node, list it once`);
  return list;
}

/** Throws DrayageError that names the nodes that are missing. */
export async function findNodes(wanted: WantedNodes, terminal: Terminal): Promise<NodeSet> {
  const { NodeSet } = await import("./node-set.ts");
  return NodeSet.find(requestOf(wanted, randomBytes(8).toString("hex"), terminal));
}

/** Keeps what resuming needs where the transport keeps anything; says so and returns true then. `called`: for people. */
export async function rememberRun(
  nodes: NodeSet,
  { called, description }: { readonly called: string; readonly description: RunDescription },
  { err }: Terminal,
): Promise<boolean> {
  try {
    const { runId } = nodes;
    const isKept = await nodes.describe(async () => description);
    if (isKept)
      err.write(`${called} ${runId}: if this master dies, --resume ${runId} carries it on\n`);
    return isKept;
  } catch (error) {
    await nodes.close();
    throw error;
  }
}

/** The nodes of a run that another master began. `check` throws when it is another one. Throws DrayageError. */
export async function takeNodes(
  wanted: WantedNodes,
  { runId, check }: { readonly runId: string; readonly check: (begun: unknown) => void },
  terminal: Terminal,
): Promise<NodeSet> {
  const { NodeSet } = await import("./node-set.ts");
  return NodeSet.resume(requestOf(wanted, runId, terminal), async (begun) => check(begun));
}

const requestOf = (wanted: WantedNodes, runId: string, { env, err }: Terminal): NodeSetRequest => ({
  ...wanted,
  runId,
  env,
  say: (line) => void err.write(`${line}\n`),
});
