import { UsageError } from "../core/errors.ts";
import { type Bytes, bytes } from "../core/units.ts";
import { apiError } from "./api-error.ts";
import { type FaultRule, parseRule } from "./fault-rule.ts";
import type { FaultCount } from "./fault-table.ts";
import { metricsPage } from "./metrics-page.ts";
import { prune } from "./pull-through/prune-endpoint.ts";
import { type PullThroughStats, pullThroughStats } from "./pull-through/pull-through-stats.ts";
import type { Call, Registry } from "./registry.ts";
import { emptyReply, jsonReply, type Reply, textReply } from "./reply.ts";
import { readWholeBody } from "./request-body.ts";
import type { RequestCount } from "./request-counters.ts";

const RULES_BYTES_MAX = 1024 * 1024;
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The registry's figures: what `GET /_drayage/stats` and `EmbeddedRegistry.stats()` give. */
export interface RegistryStats {
  /** Since the start or the last reset; one entry per type, method and code. */
  readonly requests: readonly RequestCount[];
  readonly faults: readonly FaultCount[];
  readonly stored: {
    readonly bytes: Bytes;
    readonly capBytes: Bytes;
    readonly repositories: number;
    readonly blobs: number;
    readonly manifests: number;
    readonly tags: number;
    readonly uploads: number;
  };
  /** Limits that were reached since the start. */
  readonly limits: {
    readonly memoryRefusals: number;
    readonly expiredUploads: number;
    readonly lostLogLines: number;
  };
  /** Requests that a mistake of the registry's own ended since the start, and the message of the first. */
  readonly ownTroubles: { readonly count: number; readonly first: string | null };
  /** Present in pull-through mode only. */
  readonly pullThrough?: PullThroughStats;
}

export function statsOf(registry: Registry): RegistryStats {
  const { store, uploads, through } = registry;
  const repositories = [...store.all()];
  return {
    requests: registry.counters.list(),
    faults: registry.faults.counts(),
    stored: {
      bytes: bytes(store.budget.usedBytes),
      capBytes: bytes(store.budget.capBytes),
      repositories: store.repositoryCount,
      blobs: store.blobs.count,
      manifests: repositories.reduce((sum, { manifestCount }) => sum + manifestCount, 0),
      tags: repositories.reduce((sum, { tagCount }) => sum + tagCount, 0),
      uploads: uploads.count,
    },
    limits: {
      memoryRefusals: store.budget.refusals,
      expiredUploads: uploads.expired,
      lostLogLines: registry.accessLog?.lost ?? 0,
    },
    ownTroubles: { count: registry.troubles.count, first: registry.troubles.first },
    ...(through === undefined ? {} : { pullThrough: pullThroughStats(through) }),
  };
}

/** Counters begin at zero, fault rules at their first request; what is stored stays. */
export function resetStats(registry: Registry): void {
  registry.counters.reset();
  registry.through?.counters.reset();
  registry.faults.restart(registry.now());
}

type PageMethods = Readonly<Record<string, ControlHandler>>;
type ControlHandler = (registry: Registry, call: Call) => Reply | Promise<Reply | undefined>;

/** The registry's own pages. They need no credentials, meet no faults and are not counted. */
const pages: Readonly<Record<string, PageMethods>> = {
  "/_drayage/stats": { GET: (registry) => jsonReply(statsOf(registry)) },
  "/_drayage/reset": {
    POST: (registry) => {
      resetStats(registry);
      return emptyReply(204);
    },
  },
  "/_drayage/faults": {
    GET: (registry) => jsonReply(registry.faults.counts()),
    PUT: replaceRules,
  },
  "/metrics": { GET: (registry) => textReply(200, metricsPage(statsOf(registry)), METRICS_TYPE) },
};

/** The handler of one of those pages; an answer where the method does not fit; `undefined` for any other path. */
export function controlHandler(
  { through }: Registry,
  path: string,
  method: string,
): ControlHandler | Reply | undefined {
  const page = pageAt(path, through);
  if (page === undefined) return undefined;
  const handler = page[method];
  if (handler !== undefined) return handler;
  return apiError("UNSUPPORTED", "this page does not know the method", {
    headers: ["Allow", Object.keys(page).join(", ")],
  });
}

// Only a cache has something to prune: elsewhere the path is unknown, as at any registry.
function pageAt(path: string, through: Registry["through"]): PageMethods | undefined {
  if (path === "/cmd/prune" && through !== undefined) {
    return { DELETE: (registry, call) => prune(registry, through, call) };
  }
  return Object.hasOwn(pages, path) ? pages[path] : undefined;
}

async function replaceRules(registry: Registry, call: Call): Promise<Reply | undefined> {
  const body = await readWholeBody(registry, call, RULES_BYTES_MAX);
  if (body === "aborted") return undefined;
  if (!Buffer.isBuffer(body)) return body;
  const rules = rulesOf(body.toString("utf8"));
  if (typeof rules === "string") return apiError("UNKNOWN", rules, { status: 400 });
  registry.faults.set(rules, registry.now());
  return jsonReply(registry.faults.counts());
}

// A JSON array of rules as on the command line, or of objects {match, latency} and {match, fault, rate}. The string
// returned is the complaint; the rules in force then stay.
function rulesOf(text: string): FaultRule[] | string {
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return "the body wants a JSON array of rules";
    return list.map((entry) => parseRule(ruleText(entry)));
  } catch (error) {
    if (error instanceof UsageError || error instanceof SyntaxError) return error.message;
    throw error;
  }
}

function ruleText(entry: unknown): string {
  if (typeof entry === "string") return entry;
  const {
    match = "*",
    latency,
    fault,
    rate = "",
  } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const action = latency ?? fault;
  if (typeof match === "string" && typeof action === "string" && typeof rate === "string") {
    return `${match}=${action}${rate === "" ? "" : `@${rate}`}`;
  }
  throw new UsageError("a rule is a text, {match, latency} or {match, fault, rate}, of texts");
}
