import { messageOf, UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { millis, seconds } from "../core/units.ts";
import { parseBandwidth } from "../embedded/bandwidth-text.ts";
import { type BehaviourName, behaviourNames } from "../embedded/behaviour.ts";
import type { RegistryStats } from "../embedded/control-endpoint.ts";
import { type EmbeddedRegistry, startEmbeddedRegistry } from "../embedded/embedded-registry.ts";
import { writeGeneratedLayout } from "../embedded/generated-layout.ts";
import { parseDuration, parseSize } from "../embedded/quantity.ts";
import type { EmbeddedRegistryOptions } from "../embedded/registry-options.ts";
import { formatBytes, formatCount } from "../report/number-format.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { listenAddress } from "./listen-address.ts";
import { fileText, pullThroughFlags, pullThroughOf } from "./serve/pull-through-options.ts";

const options = {
  listen: {
    type: "string",
    default: "127.0.0.1:5000",
    value: "HOST:PORT",
    help: "where to listen; port 0 takes a free one and prints it as first line",
  },
  memory: { type: "string", default: "1GiB", value: "SIZE", help: "cap on stored bytes, then 507" },
  generate: {
    type: "string",
    value: "SPEC",
    help: "offer test images: repos=150,layers=5,sizes=50K:1M:20M,tag=v1,suffix=-0001..-0010,platforms=linux/amd64+linux/arm64,type=oci|docker,compress=none|gzip",
  },
  layout: {
    type: "string",
    value: "DIR",
    help: "write the images of --generate as an OCI image layout, and serve nothing",
  },
  "shared-layers": {
    type: "number",
    default: 0,
    min: 0,
    max: 1,
    value: "P",
    help: "share of the generated layers that all images have in common",
  },
  seed: { type: "string", default: "0", help: "for generated images and for faults" },
  "tls-cert": { type: "string", value: "FILE", help: "certificate (PEM); with --tls-key" },
  "tls-key": { type: "string", value: "FILE", help: "its key (PEM)" },
  htpasswd: { type: "string", value: "FILE", help: "ask for Basic credentials (bcrypt hashes)" },
  "token-auth": {
    type: "boolean",
    default: false,
    help: "ask for Bearer tokens and issue them at /token (with --htpasswd: to its users only)",
  },
  "token-ttl": { type: "string", default: "60s", value: "TIME", help: "life of a token" },
  strict: {
    type: "boolean",
    default: false,
    help: "answer as the specification says (the default)",
  },
  behave: {
    type: "string",
    choices: behaviourNames,
    value: "REGISTRY",
    help: "answer with the quirks of another registry",
  },
  "relative-locations": { type: "boolean", default: false, help: "Location headers without host" },
  "state-query": {
    type: "boolean",
    default: false,
    help: "upload Locations carry a _state that must come back unchanged",
  },
  "chunk-min": { type: "string", default: "0", value: "SIZE", help: "smallest chunk of an upload" },
  "page-max": {
    type: "number",
    default: 1000,
    integer: true,
    min: 1,
    value: "N",
    help: "entries per page of tags and catalog",
  },
  latency: {
    type: "string",
    array: true,
    value: "MATCH=DIST",
    help: 'hold answers back: "GET blob=lognormal(20ms,0.6)"; DIST also fixed(20ms), uniform(1ms,9ms)',
  },
  fault: {
    type: "string",
    array: true,
    value: "MATCH=KIND@RATE",
    help: 'break answers: "blob name~^lib/=status(429,retry-after=2)@every 10"; KIND also reset, truncate(0.5), stall(5s), corrupt, no-length, redirect(URL), unauthorized; RATE also 0.01, 1%, window(20s..25s)',
  },
  bandwidth: { type: "string", value: "RATE", help: "50MB/s for all, 50MB/s/conn for each" },
  "access-log": {
    type: "string",
    value: "FILE",
    help: "append one JSON line per request, in CNCF distribution's field names",
  },
  ...pullThroughFlags,
} as const;

type Given = OptionValues<typeof options>;

export const serve: Command<typeof options> = {
  name: "serve",
  summary: "the embedded registry: in memory, with latency and faults on demand",
  examples: [
    { type: "drayage serve", does: "an empty registry on 127.0.0.1:5000" },
    {
      type: 'drayage serve --latency "GET blob=fixed(20ms)" --fault "GET blob=status(503)@1%"',
      does: "a slow one that fails now and then",
    },
    {
      type: 'drayage serve --listen 127.0.0.1:0 --generate "repos=20,sizes=50K:1M"',
      does: "20 images to pull, on a free port",
    },
    {
      type: "drayage serve --listen 127.0.0.1:5001 --proxy http://127.0.0.1:5000",
      does: "a pull-through cache in front of another registry",
    },
  ],
  options,
  async run(given, _, terminal) {
    if (given.layout !== undefined) return writeLayout(given.layout, given, terminal);
    const registry = await start(registryOptions(given, terminal.env));
    announce(given, registry, terminal);
    const exit = await untilSignal(registry, terminal);
    for (const line of lossesOf(await registry.stats())) terminal.err.write(`${line}\n`);
    return exit;
  },
};

/** Throws UsageError. */
export function registryOptions(
  given: Given,
  environment: NodeJS.ProcessEnv,
): EmbeddedRegistryOptions {
  return {
    ...addressOf(given.listen),
    memoryBytes: parseSize(given.memory, "--memory"),
    seed: given.seed,
    generate: given.generate,
    sharedLayers: given["shared-layers"],
    tls: tlsFiles(given),
    htpasswd: given.htpasswd === undefined ? undefined : fileText(given.htpasswd, "--htpasswd"),
    tokenAuth: given["token-auth"],
    tokenTtl: seconds(parseDuration(given["token-ttl"], "--token-ttl") / 1000),
    behave: behaviourOf(given),
    relativeLocations: given["relative-locations"],
    stateQuery: given["state-query"],
    chunkMinBytes: parseSize(given["chunk-min"], "--chunk-min"),
    pageMax: given["page-max"],
    latencies: given.latency,
    faults: given.fault,
    bandwidth: given.bandwidth === undefined ? undefined : parseBandwidth(given.bandwidth),
    accessLog: given["access-log"],
    pullThrough: pullThroughOf(given, environment),
  };
}

/** `--layout`. Throws UsageError. */
function writeLayout(root: string, given: Given, { err }: Terminal): ExitCode {
  const { generate: text, seed, "shared-layers": sharedLayers, memory } = given;
  if (text === undefined) throw new UsageError("--layout writes images: add --generate SPEC");
  const memoryBytes = parseSize(memory, "--memory");
  const wanted = { text, seed, sharedLayers, memoryBytes };
  const { images, blobs, bytes } = writeGeneratedLayout(root, wanted);
  const [many, parts] = [formatCount(images), formatCount(blobs)];
  err.write(`${root}: images ${many}, blobs ${parts}, ${formatBytes(bytes)}\n`);
  return ExitCode.done;
}

function addressOf(text: string): { host: string; port: number } {
  const address = listenAddress(text);
  if (address !== undefined) return address;
  throw new UsageError(`--listen wants HOST:PORT such as 127.0.0.1:5000, not "${text}"`);
}

function tlsFiles(given: Given): { cert: string; key: string } | undefined {
  const { "tls-cert": cert, "tls-key": key } = given;
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new UsageError("--tls-cert and --tls-key go together: give both");
  }
  return { cert: fileText(cert, "--tls-cert"), key: fileText(key, "--tls-key") };
}

function behaviourOf({ strict, behave }: Given): BehaviourName {
  if (strict && behave !== undefined && behave !== "strict") {
    throw new UsageError(`--strict and --behave ${behave} contradict each other: give one`);
  }
  return behaviourNames.find((name) => name === behave) ?? "strict";
}

async function start(wanted: EmbeddedRegistryOptions): Promise<EmbeddedRegistry> {
  try {
    return await startEmbeddedRegistry(wanted);
  } catch (error) {
    // The only files opened here are the user's own: the access log, certificate and key.
    if (error instanceof Error && "code" in error && !(error instanceof UsageError)) {
      throw new UsageError(`cannot start the registry: ${messageOf(error)}`, { cause: error });
    }
    throw error;
  }
}

function announce(given: Given, registry: EmbeddedRegistry, { out, err }: Terminal): void {
  if (given.listen.endsWith(":0")) out.write(`${registry.port}\n`);
  const kind = given.behave === undefined ? "" : `, behaving like ${given.behave}`;
  const upstreams = [...(given.proxy === undefined ? [] : [given.proxy]), ...given.upstream];
  const role =
    upstreams.length === 0 ? "embedded registry" : `pull-through cache of ${upstreams.join(", ")}`;
  err.write(`${role} at ${registry.url}: in memory, up to ${given.memory}${kind}\n`);
  err.write("Ctrl-C ends it after the requests under way, a second one at once\n");
}

/** What the registry's user would not notice otherwise. */
export function lossesOf({ limits, ownTroubles }: RegistryStats): string[] {
  const { lostLogLines } = limits;
  const { count, first } = ownTroubles;
  return [
    ...(lostLogLines === 0
      ? []
      : [`access log: lines lost because the disk did not take them: ${lostLogLines}`]),
    ...(count === 0
      ? []
      : [`requests that the registry itself failed to answer: ${count}, the first with: ${first}`]),
  ];
}

function untilSignal(registry: EmbeddedRegistry, { err }: Terminal): Promise<ExitCode> {
  return new Promise((resolve) => {
    let code: ExitCode | undefined;
    const end = async (own: ExitCode): Promise<void> => {
      const isFirst = code === undefined;
      code ??= own;
      if (isFirst) err.write("finishing the requests under way\n");
      await registry.close(isFirst ? undefined : millis(0));
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
      resolve(code);
    };
    const onInterrupt = (): void => void end(ExitCode.interrupted);
    const onTerminate = (): void => void end(ExitCode.terminated);
    process.on("SIGINT", onInterrupt);
    process.on("SIGTERM", onTerminate);
  });
}
