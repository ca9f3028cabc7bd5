// How a run finds its nodes: by a list of addresses, or by who has announced itself at message servers.
import type { NodeFinder } from "../../cluster/link.ts";
import { ListedNodes } from "../../cluster/listed-nodes.ts";
import { AnnouncedNodes } from "../../cluster/nats/announced-nodes.ts";
import { BegunNodes } from "../../cluster/nats/begun-nodes.ts";
import type { HubOptions } from "../../cluster/nats/hub.ts";
import { UsageError } from "../../core/errors.ts";
import { hubCredentials } from "../config/nats-schema.ts";
import { version } from "../version.ts";
import { nodeDirectory } from "./node-directory.ts";
import type { NodeSetRequest } from "./node-set.ts";

type NatsSection = NonNullable<NodeSetRequest["cluster"]["nats"]>;

/** A connection without a byte for so many heartbeats is given up for a fresh one. */
const SILENT_BEATS = 3;
/** Nodes of a list are there or not; a group gathers. */
const WAIT_SECONDS = { listed: 5, announced: 60 } as const;

export function nodeFinder(request: NodeSetRequest): NodeFinder {
  const { list, cluster, ca, env } = request;
  if (cluster.nats !== undefined) return announcedNodes(request, cluster.nats);
  return new ListedNodes(
    {
      nodes: list,
      token: env.DRAYAGE_NODE_TOKEN ?? "",
      ca,
      waitMs: (cluster.wait ?? WAIT_SECONDS.listed) * 1000,
      silentMs: cluster.heartbeat * 1000 * SILENT_BEATS,
    },
    // A node in this process is never without its master.
    { version, env, say: () => {}, alone: nodeDirectory },
  );
}

/** Finds the nodes of a run that lost its master. Only message servers remember runs. */
export function begunNodeFinder(request: NodeSetRequest): BegunNodes {
  const { cluster, runId, say } = request;
  if (cluster.nats === undefined)
    throw new UsageError("--resume goes with cluster.nats: nodes that are listed keep no runs");
  return new BegunNodes({
    hub: hubOf(cluster, cluster.nats),
    run: runId,
    waitMs: (cluster.wait ?? WAIT_SECONDS.announced) * 1000,
    silentMs: cluster.heartbeat * 1000 * SILENT_BEATS,
    say,
  });
}

const announcedNodes = (
  { cluster, runId, say }: NodeSetRequest,
  nats: NatsSection,
): AnnouncedNodes =>
  new AnnouncedNodes({
    hub: hubOf(cluster, nats),
    // That it is there was checked with the configuration, as the group was.
    expect: cluster.expect as number,
    run: runId,
    waitMs: (cluster.wait ?? WAIT_SECONDS.announced) * 1000,
    bounds: { bytesMax: nats.maxBytes, secondsMax: nats.maxAge },
    say,
  });

const hubOf = (
  { group }: NodeSetRequest["cluster"],
  { servers, credentials, tls }: NatsSection,
): HubOptions => ({
  servers,
  credentials: credentials === undefined ? undefined : hubCredentials(credentials),
  tls,
  group: group as string,
});
