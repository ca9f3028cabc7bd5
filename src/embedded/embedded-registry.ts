import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../core/errors.ts";
import { http } from "../core/node-http.ts";
import { https } from "../core/node-tls.ts";
import { type Millis, millis } from "../core/units.ts";
import { AccessLog } from "./access-log.ts";
import { AuthGate, DEFAULT_TOKEN_TTL } from "./auth-gate.ts";
import { BandwidthLimit } from "./bandwidth-limit.ts";
import { behaviours } from "./behaviour.ts";
import { type RegistryStats, resetStats, statsOf } from "./control-endpoint.ts";
import { parseFaultRule, parseLatencyRule } from "./fault-rule.ts";
import { FaultTable } from "./fault-table.ts";
import { parseHtpasswd } from "./htpasswd.ts";
import { generateImages } from "./image-set.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { NAMESPACED_SEGMENTS_MAX } from "./namespace.ts";
import { OwnTroubles } from "./own-troubles.ts";
import { pullThrough } from "./pull-through/pull-through.ts";
import type { Registry } from "./registry.ts";
import { defaults, type EmbeddedRegistryOptions } from "./registry-options.ts";
import { RegistryStore } from "./registry-store.ts";
import { RequestCounters } from "./request-counters.ts";
import { serveRequest } from "./request-service.ts";
import { UploadSessions } from "./upload-session.ts";

/** A registry that is listening, in this thread or in one of its own. */
export interface EmbeddedRegistry {
  /** `http://127.0.0.1:41234`, without a slash at the end. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  stats(): Promise<RegistryStats>;
  /** Counters and fault rules begin anew; content stays. */
  reset(): Promise<void>;
  /** Finishes what is under way for so long (five seconds), then cuts what is left; a second call may shorten it. */
  close(graceMs?: Millis): Promise<void>;
}

const SWEEP_MS = 30_000;
const CLOSE_GRACE = millis(5_000);
const CLOSE_POLL_MS = 20;
/** Longer than any pause of a load generator: a connection closed under a client is a failure in its figures. */
const KEEP_ALIVE_MS = 600_000;

/**
 * Starts a registry in memory. Wrong options and a port in use are a UsageError; an access log that cannot be opened
 * rejects with the system's error. `now` is for tests: monotonic milliseconds.
 */
export async function startEmbeddedRegistry(
  options: EmbeddedRegistryOptions = {},
  now: () => Millis = () => millis(performance.now()),
): Promise<EmbeddedRegistry> {
  const registry = await wireRegistry(options, now);
  if (options.generate !== undefined && options.pullThrough !== undefined) {
    throw new UsageError("--generate makes no images for a cache: give it to the upstream");
  }
  if (options.generate !== undefined) {
    generateImages(registry.store, {
      text: options.generate,
      seed: options.seed ?? defaults.seed,
      sharedLayers: options.sharedLayers ?? 0,
    });
  }
  const server = createListener(registry, options);
  const host = options.host ?? defaults.host;
  const port = await listen(server, host, options.port ?? 0);
  const sweeper = setInterval(() => registry.uploads.sweep(now()), SWEEP_MS);
  const urlHost = host.includes(":") ? `[${host}]` : host;
  return {
    url: `${registry.settings.scheme}://${urlHost}:${port}`,
    host,
    port,
    stats: () => Promise.resolve(statsOf(registry)),
    reset: () => Promise.resolve(resetStats(registry)),
    close: async (graceMs = CLOSE_GRACE) => {
      clearInterval(sweeper);
      await closeServer(server, graceMs);
      await registry.through?.close();
      await registry.accessLog?.close();
    },
  };
}

async function wireRegistry(
  options: EmbeddedRegistryOptions,
  now: () => Millis,
): Promise<Registry> {
  const budget = new MemoryBudget(options.memoryBytes ?? defaults.memoryBytes);
  const rules = [
    ...(options.latencies ?? []).map(parseLatencyRule),
    ...(options.faults ?? []).map(parseFaultRule),
  ];
  const store = new RegistryStore(budget);
  const behaviour = behaviours[options.behave ?? "strict"];
  return {
    settings: {
      relativeLocations: options.relativeLocations ?? false,
      stateQuery: options.stateQuery ?? false,
      chunkMinBytes: options.chunkMinBytes ?? 0,
      pageMax: options.pageMax ?? defaults.pageMax,
      scheme: options.tls === undefined ? "http" : "https",
    },
    behaviour,
    store,
    uploads: new UploadSessions(budget),
    counters: new RequestCounters(),
    faults: new FaultTable(options.seed ?? defaults.seed, rules, now()),
    bandwidth: options.bandwidth === undefined ? undefined : new BandwidthLimit(options.bandwidth),
    gate: gateOf(options),
    accessLog:
      options.accessLog === undefined ? undefined : await AccessLog.open(options.accessLog),
    troubles: new OwnTroubles(),
    through: throughOf(options, { store, behaviour, now }),
    now,
  };
}

function throughOf(
  { pullThrough: through }: EmbeddedRegistryOptions,
  { store, behaviour, now }: Pick<Registry, "store" | "behaviour" | "now">,
): Registry["through"] {
  if (through === undefined) return undefined;
  // The registry that reads namespaces also limits the depth of names.
  const segmentsMax = behaviour.hasNamespace ? NAMESPACED_SEGMENTS_MAX : undefined;
  return pullThrough(through, { store, now, segmentsMax });
}

function gateOf(options: EmbeddedRegistryOptions): AuthGate | undefined {
  if (options.htpasswd === undefined && options.tokenAuth !== true) return undefined;
  return new AuthGate({
    passwords: options.htpasswd === undefined ? undefined : parseHtpasswd(options.htpasswd),
    tokenTtl: options.tokenAuth === true ? (options.tokenTtl ?? DEFAULT_TOKEN_TTL) : undefined,
  });
}

function createListener(registry: Registry, options: EmbeddedRegistryOptions): Server {
  // No time limit on a request: an upload may be as slow as a test wants it to be.
  const settings = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, noDelay: true };
  const server =
    options.tls === undefined
      ? http.createServer(settings)
      : https().createServer({ ...settings, cert: options.tls.cert, key: options.tls.key });
  return server.on("request", (request, response) => serveRequest(registry, request, response));
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE"
          ? `port ${port} of ${host} is in use: choose another one with --listen`
          : `cannot listen on ${host}:${port} (${error.message})`;
      reject(new UsageError(why, { cause: error }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

// Connections become idle one by one as their answers are sent, and the server itself closes only those that are idle
// at the first call.
function closeServer(server: Server, graceMs: Millis): Promise<void> {
  return new Promise((resolve) => {
    const poll = setInterval(() => server.closeIdleConnections(), CLOSE_POLL_MS);
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearInterval(poll);
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
