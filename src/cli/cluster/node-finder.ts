// How a run finds its nodes: by a list of addresses, or by who has announced itself at message servers. What speaks to them is
// loaded when it is needed: the clients of message servers alone are 80 files.
import type { NodeFinder } from "../../cluster/link.ts";
import type { BegunNodes } from "../../cluster/nats/begun-nodes.ts";
import type { HubOptions } from "../../cluster/nats/hub.ts";
import { UsageError } from "../../core/errors.ts";
import { hubCredentials } from "../config/nats-credentials.ts";
import { version } from "../version.ts";
import type { NodeSetRequest } from "./node-set.ts";
import { patienceOf } from "./run-patience.ts";

type NatsSection = NonNullable<NodeSetRequest["cluster"]["nats"]>;

/** A connection without a byte for so many heartbeats is given up for a fresh one. */
const SILENT_BEATS = 3;
/** Nodes of a list are there or not; a group gathers. */
const WAIT_SECONDS = { listed: 5, announced: 60 } as const;

export async function nodeFinder(request: NodeSetRequest): Promise<NodeFinder> {
  const { list, cluster, ca, env } = request;
  if (cluster.nats !== undefined) return announcedNodes(request, cluster.nats);
  const { ListedNodes } = await import("../../cluster/listed-nodes.ts");
  const { nodeDirectory } = await import("./node-directory.ts");
  return new ListedNodes(
    {
      nodes: list,
      token: env.DRAYAGE_NODE_TOKEN ?? "",
      ca,
      waitMs: (cluster.wait ?? WAIT_SECONDS.listed) * 1000,
      silentMs: patienceOf(cluster).heartbeatMs * SILENT_BEATS,
    },
    // A node in this process is never without its master.
    { version, env, say: () => {}, alone: nodeDirectory },
  );
}

/** Finds the nodes of a run that lost its master. Only message servers remember runs. */
export async function begunNodeFinder(request: NodeSetRequest): Promise<BegunNodes> {
  const { cluster, runId, say } = request;
  if (cluster.nats === undefined)
    throw new UsageError("--resume goes with cluster.nats: nodes that are listed keep no runs");
  const { BegunNodes } = await import("../../cluster/nats/begun-nodes.ts");
  return new BegunNodes({
    hub: hubOf(cluster, cluster.nats),
    run: runId,
    waitMs: (cluster.wait ?? WAIT_SECONDS.announced) * 1000,
    silentMs: patienceOf(cluster).heartbeatMs * SILENT_BEATS,
    say,
  });
}

async function announcedNodes(
  { cluster, runId, say }: NodeSetRequest,
  nats: NatsSection,
): Promise<NodeFinder> {
  const { AnnouncedNodes } = await import("../../cluster/nats/announced-nodes.ts");
  return new AnnouncedNodes({
    hub: hubOf(cluster, nats),
    // That it is there was checked with the configuration, as the group was.
    expect: cluster.expect as number,
    run: runId,
    waitMs: (cluster.wait ?? WAIT_SECONDS.announced) * 1000,
    bounds: { bytesMax: nats.maxBytes, secondsMax: nats.maxAge },
    say,
  });
}

const hubOf = (
  { group }: NodeSetRequest["cluster"],
  { servers, credentials, tls }: NatsSection,
): HubOptions => ({
  servers,
  credentials: credentials === undefined ? undefined : hubCredentials(credentials),
  tls,
  group: group as string,
});
