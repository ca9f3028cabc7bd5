import { hostname } from "node:os";
import { NodeListener } from "../cluster/direct/node-listener.ts";
import { NodeHost } from "../cluster/node/node-host.ts";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { nodeDirectory } from "./cluster/node-directory.ts";
import type { Command, OptionValues } from "./command.ts";
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
    required: true,
    value: "PORT",
    help: "port to listen on; 0 takes a free one and prints it",
  },
  name: { type: "string", value: "NAME", help: "what the node is called in reports" },
  "tls-cert": { type: "string", value: "FILE", help: "certificate (PEM): takes TLS only" },
  "tls-key": { type: "string", value: "FILE", help: "key of the certificate (PEM)" },
  quiet: { type: "boolean", default: false, help: "say nothing but errors" },
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
  ],
  options,
  async run(given, _, terminal) {
    const say = (line: string): void => {
      if (!given.quiet) terminal.err.write(`${line}\n`);
    };
    const listener = new NodeListener({
      host: given.ip,
      port: given.port,
      token: terminal.env.DRAYAGE_NODE_TOKEN ?? "",
      tls: tlsOf(given),
    });
    const name = given.name ?? `${hostname()}:${given.port}`;
    const host = new NodeHost({
      version,
      name,
      env: terminal.env,
      say,
      alone: nodeDirectory,
    });
    await listener.await((link) => host.converse(link));
    if (given.port === 0) terminal.out.write(`${listener.port}\n`);
    say(`waiting for masters on ${listener.address}; Ctrl-C ends it`);
    const code = await signal();
    await listener.close();
    return code;
  },
};

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
