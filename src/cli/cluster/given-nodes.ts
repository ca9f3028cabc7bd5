// Nodes on the command line of what has no configuration: `load` and `pull`.
import { randomBytes } from "node:crypto";
import { UsageError } from "../../core/errors.ts";
import { parseDuration } from "../../embedded/quantity.ts";
import type { OptionTable, Terminal } from "../command.ts";
import { camelKeys } from "../config/camel-keys.ts";
import { clusterSection } from "../config/cluster-schema.ts";
import { NodeSet } from "./node-set.ts";

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
    help: "authority of the nodes' certificates (PEM): speaks TLS with them",
  },
  "lost-after": {
    type: "string",
    value: "TIME",
    check: (text, label) => void lostAfterOf(text, label),
    help: "a node that is silent for so long is lost (default 15s)",
  },
} as const satisfies OptionTable;

/** Signs of life in the time after which there are too few. */
const BEATS = 5;
const LOST_AFTER_SECONDS_MIN = 0.1;
const HEARTBEAT_SECONDS_MAX = 2;

function lostAfterOf(text: string, label: string): number {
  const seconds = parseDuration(text, label) / 1000;
  if (seconds < LOST_AFTER_SECONDS_MIN)
    throw new UsageError(
      `${label} wants a time of at least ${LOST_AFTER_SECONDS_MIN} s, not "${text}"`,
    );
  return seconds;
}

/** As the section `cluster` of a configuration; undefined for its defaults. */
function sectionOf(lostAfter: string | undefined) {
  if (lostAfter === undefined) return undefined;
  const seconds = lostAfterOf(lostAfter, "--lost-after");
  return { lost_after: seconds, heartbeat: Math.min(HEARTBEAT_SECONDS_MAX, seconds / BEATS) };
}

const NODE = /^(local|[^\s:/]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5})$/;

function nodeList(text: string, label: string): string[] {
  const list = text.split(",").map((name) => name.trim());
  const wrong = list.find((name) => !NODE.test(name));
  if (wrong !== undefined)
    throw new UsageError(`${label} wants HOST:PORT,HOST:PORT or local, not "${wrong}"`);
  return list;
}

/** Throws UsageError for what is no list of nodes, DrayageError for nodes that do not answer. */
export function givenNodes(
  text: string,
  given: {
    readonly "node-ca"?: string | undefined;
    readonly "lost-after"?: string | undefined;
  },
  { env, err }: Terminal,
): Promise<NodeSet> {
  return NodeSet.find({
    runId: randomBytes(8).toString("hex"),
    list: nodeList(text, "--nodes"),
    cluster: camelKeys(clusterSection().parse(sectionOf(given["lost-after"]))),
    ca: given["node-ca"],
    env,
    say: (line) => void err.write(`${line}\n`),
  });
}
