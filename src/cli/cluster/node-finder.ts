// How a run finds its nodes: by a list of addresses, or by who has announced itself at message servers.
import type { NodeFinder } from "../../cluster/link.ts";
import { ListedNodes } from "../../cluster/listed-nodes.ts";
import { AnnouncedNodes } from "../../cluster/nats/announced-nodes.ts";
import { hubCredentials } from "../config/nats-schema.ts";
import { version } from "../version.ts";
import { nodeDirectory } from "./node-directory.ts";
import type { NodeSetRequest } from "./node-set.ts";

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

const announcedNodes = (
  { cluster, runId, say }: NodeSetRequest,
  { servers, credentials, tls, maxBytes, maxAge }: NonNullable<NodeSetRequest["cluster"]["nats"]>,
): AnnouncedNodes =>
  new AnnouncedNodes({
    // That both are there was checked with the configuration.
    hub: {
      servers,
      credentials: credentials === undefined ? undefined : hubCredentials(credentials),
      tls,
      group: cluster.group as string,
    },
    expect: cluster.expect as number,
    run: runId,
    waitMs: (cluster.wait ?? WAIT_SECONDS.announced) * 1000,
    bounds: { bytesMax: maxBytes, secondsMax: maxAge },
    say,
  });
