// What carries a run between machines, for tests that must hold whatever it is.
import { type NatsServer, needsNatsServer, startNatsServer } from "../fakes/nats-server.ts";
import { type ClientNode, startNodes } from "./cluster-nodes.ts";
import { type Started, until, type Workplace } from "./workplace.ts";

export type Transport = {
  /** Why it cannot be tried here. */
  readonly missing?: string;
  startNodes(place: Workplace, count: number): Promise<Started[]>;
  /** Flags of a master that takes these nodes. */
  flags(nodes: readonly Started[]): string[];
  /** The same of a load or a ramp, which have no configuration; `more` nodes are wanted that are not there. */
  typed(nodes: readonly Started[], more?: number): string[];
  stop(): Promise<void>;
};

/** Until a run has told of two seconds, however long its machines took to begin. */
export async function underWay(place: Workplace): Promise<void> {
  const told = (): boolean => {
    const [newest] = place.runDirectories("run");
    const series = `${newest}/timeseries.csv`;
    return newest !== undefined && place.has(series) && place.text(series).split("\n").length > 3;
  };
  await until(told, "two seconds of the run are over");
}

const set = (key: string, value: unknown): string[] => ["--set", `${key}=${JSON.stringify(value)}`];

const direct = async (): Promise<Transport> => ({
  startNodes,
  flags: (nodes) =>
    set(
      "client_info.client_list",
      nodes.map((node) => (node as ClientNode).address),
    ),
  typed(nodes, more = 0) {
    const there = nodes.map((node) => (node as ClientNode).address);
    const missing = Array.from({ length: more }, (_, i) => `127.0.0.1:${i + 1}`);
    return ["--nodes", [...there, ...missing].join(",")];
  },
  async stop() {},
});

/** Nodes in group `group`, named a, b, … */
export async function startGroup(
  place: Workplace,
  { servers, group, count }: { servers: readonly NatsServer[]; group: string; count: number },
): Promise<Started[]> {
  const urls = servers.map(({ url }) => url).join(",");
  const names = "abcdefgh".slice(0, count).split("");
  const nodes = names.map((name) =>
    place.start(["client", "--nats", urls, "--group", group, "--name", name]),
  );
  for (const node of nodes)
    await until(
      () => node.said().includes("waiting for masters on group"),
      "the node is announced",
    );
  return nodes;
}

export const groupFlags = (
  servers: readonly NatsServer[],
  { group, count }: { group: string; count: number },
): string[] => [
  ...set(
    "cluster.nats.servers",
    servers.map(({ url }) => url),
  ),
  ...set("cluster.group", group),
  ...set("cluster.expect", count),
];

async function nats(): Promise<Transport> {
  const server = await startNatsServer({ jetstream: true });
  const servers = server === undefined ? [] : [server];
  // Nodes of a test that failed must not be taken for those of the next one.
  const groups = new Map<readonly Started[], string>();
  return {
    ...(server === undefined ? { missing: needsNatsServer } : {}),
    async startNodes(place, count) {
      const group = `g${groups.size + 1}`;
      const nodes = await startGroup(place, { servers, group, count });
      groups.set(nodes, group);
      return nodes;
    },
    flags: (nodes) =>
      groupFlags(servers, { group: groups.get(nodes) as string, count: nodes.length }),
    typed: (nodes, more = 0) => [
      ...["--nats", servers.map(({ url }) => url).join(",")],
      ...["--group", groups.get(nodes) as string, "--expect", String(nodes.length + more)],
    ],
    stop: async () => server?.stop(),
  };
}

export const transports: Readonly<Record<string, () => Promise<Transport>>> = { direct, nats };
