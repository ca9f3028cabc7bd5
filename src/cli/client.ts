import { hostname } from "node:os";
import { NodeListener } from "../cluster/direct/node-listener.ts";
import type { MasterAwaiter } from "../cluster/link.ts";
import type { HubOptions } from "../cluster/nats/hub.ts";
import { isToken } from "../cluster/nats/names.ts";
import { NodeHost } from "../cluster/node/node-host.ts";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { lowerHelperThreads } from "../workers/helper-threads.ts";
import { givenCredentials, natsAddresses } from "./cluster/nats-address.ts";
import { nodeDirectory } from "./cluster/node-directory.ts";
import { nodeHostFamilies } from "./cluster/node-host-families.ts";
import type { Command, OptionValues } from "./command.ts";
import { metricsOptions } from "./metrics/metrics-options.ts";
import { Publication } from "./metrics/publication.ts";
import { version } from "./version.ts";

const options = {
  ip: {
    type: "string",
    alias: "i",
    default: "127.0.0.1",
    value: "ADDR",
    help: "address to listen on; others than loopback need DRAYAGE_NODE_TOKEN",
  },
  port: {
    type: "number",
    alias: "p",
    integer: true,
    min: 0,
    max: 65_535,
    value: "PORT",
    help: "port to listen on; 0 takes a free one and prints it",
  },
  nats: {
    type: "string",
    value: "URLS",
    help: "instead of a port: servers where masters look for nodes, nats://[USER:PASSWORD@|TOKEN@]HOST:PORT,…",
  },
  group: { type: "string", value: "NAME", help: "group of nodes at these servers" },
  name: { type: "string", value: "NAME", help: "what the node is called in reports" },
  nkey: { type: "string", value: "FILE", help: "seed of an nkey for the servers of --nats" },
  creds: { type: "string", value: "FILE", help: "JWT and nkey for the servers of --nats" },
  ca: { type: "string", value: "FILE", help: "authority of the servers of --nats (PEM)" },
  "tls-cert": {
    type: "string",
    value: "FILE",
    help: "certificate (PEM): takes TLS only; or, with --nats, is shown to the servers",
  },
  "tls-key": { type: "string", value: "FILE", help: "key of the certificate (PEM)" },
  quiet: { type: "boolean", default: false, help: "say nothing but errors" },
  metrics: metricsOptions.metrics,
} as const;

type Given = OptionValues<typeof options>;

export const client: Command<typeof options> = {
  name: "client",
  summary: "wait for masters and send a part of their runs from this machine",
  examples: [
    { type: "drayage client -i 127.0.0.1 -p 8081", does: "a node for masters on this machine" },
    {
      type: "DRAYAGE_NODE_TOKEN=secret drayage client -i 0.0.0.0 -p 8081",
      does: "a node for masters elsewhere that know the token",
    },
    {
      type: "drayage client --nats nats://one:4222,nats://two:4222 --group load",
      does: "a node for masters that look for group load at these servers",
    },
  ],
  options,
  async run(given, _, terminal) {
    const say = (line: string): void => {
      if (!given.quiet) terminal.err.write(`${line}\n`);
    };
    const { awaiter, name } = await awaiterOf(given, { env: terminal.env, say });
    // Other nodes may be on this machine.
    lowerHelperThreads();
    const host = new NodeHost({
      version,
      name,
      env: terminal.env,
      say,
      alone: nodeDirectory,
    });
    const published = await Publication.open({ metrics: given.metrics }, terminal.env);
    published.tell(say);
    published.show(() => nodeHostFamilies(host.state()));
    await awaiter.await(
      (link) => host.converse(link),
      () => host.isBusy,
    );
    if (awaiter instanceof NodeListener && given.port === 0)
      terminal.out.write(`${awaiter.port}\n`);
    say(`waiting for masters on ${awaiter.address}; Ctrl-C ends it`);
    const code = await signal();
    await awaiter.close();
    await published.close(say);
    return code;
  },
};

type Awaiter = { readonly awaiter: MasterAwaiter; readonly name: string };

async function awaiterOf(
  given: Given,
  { env, say }: { readonly env: NodeJS.ProcessEnv; readonly say: (line: string) => void },
): Promise<Awaiter> {
  const { nats, port } = given;
  if ((nats === undefined) === (port === undefined))
    throw new UsageError("write --port PORT, or --nats URLS --group NAME");
  if (nats !== undefined) {
    const name = given.name ?? `${hostname()}-${process.pid}`;
    const { NodeAnnouncer } = await import("../cluster/nats/node-announcer.ts");
    return { awaiter: await NodeAnnouncer.start({ hub: hubOf(nats, given), name, say }), name };
  }
  refuseWithoutServers(given);
  const listener = new NodeListener({
    host: given.ip,
    port: port as number,
    token: env.DRAYAGE_NODE_TOKEN ?? "",
    tls: tlsOf(given),
  });
  return { awaiter: listener, name: given.name ?? `${hostname()}:${port}` };
}

function refuseWithoutServers(given: Given): void {
  for (const name of ["group", "nkey", "creds", "ca"] as const)
    if (given[name] !== undefined) throw new UsageError(`--${name} goes with --nats URLS`);
}

function hubOf(nats: string, given: Given): HubOptions {
  const { group, ca } = given;
  if (group === undefined || !isToken(group))
    throw new UsageError("--group NAME goes with --nats: letters, digits, - and _, 48 at most");
  const { servers, credentials } = natsAddresses(nats, "--nats");
  const tls = tlsOf(given);
  return {
    servers,
    group,
    credentials: givenCredentials(credentials, given),
    ...(ca === undefined && tls === undefined ? {} : { tls: { ca, ...tls } }),
  };
}

function tlsOf(given: Given): { cert: string; key: string } | undefined {
  const { "tls-cert": cert, "tls-key": key } = given;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new UsageError("--tls-cert and --tls-key go together: give both");
  return { cert, key };
}

/** Until somebody wants the node to end; whatever it does then ends as well. */
function signal(): Promise<ExitCode> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve(ExitCode.interrupted));
    process.once("SIGTERM", () => resolve(ExitCode.terminated));
  });
}
