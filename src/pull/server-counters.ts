// Counters that a server tells about itself: Prometheus text, the variables of CNCF distribution, the statistics of the
// embedded registry. Pure: text in, named numbers out. Source: pull-driver.md 9.5.

/** By name, labels included as the server writes them: `ociregistry_upstream_pulls_by_ns{ns="a:5000"}`. */
export type ServerCounters = ReadonlyMap<string, number>;

const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{.*\})?\s+(\S+)(?:\s+-?\d+)?$/;
/** Beyond it a page is no page of counters. */
const SERIES_MAX = 100_000;

/** Prometheus text format, OpenMetrics included; lines that are neither are passed over. */
function prometheusCounters(text: string): ServerCounters {
  const counters = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line.startsWith("#") || counters.size >= SERIES_MAX) continue;
    const [, name, labels = "", value] = SAMPLE.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) continue;
    const number = Number(value.replace(/^\+?Inf$/, "Infinity"));
    if (!Number.isNaN(number)) counters.set(`${name}${labels}`, number);
  }
  return counters;
}

/** `/debug/vars` of CNCF distribution: the numbers below `registry.proxy`, by dotted path. */
function debugVariables(text: string): ServerCounters {
  const counters = new Map<string, number>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value === "number") counters.set(path, value);
    else if (typeof value === "object" && value !== null)
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
  };
  const variables = parsed(text);
  const registry = variables?.registry;
  if (typeof registry === "object" && registry !== null && "proxy" in registry)
    walk(registry.proxy, "registry.proxy");
  return counters;
}

/** Whichever of the two the server answered with. */
export const serverCounters = (text: string): ServerCounters =>
  text.trimStart().startsWith("{") ? debugVariables(text) : prometheusCounters(text);

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What an upstream answered, by kind of request: GETs alone, since those are fetches. */
export type UpstreamCounts = {
  readonly manifestGets: number;
  readonly blobGets: number;
  readonly otherRequests: number;
  readonly bytes: number;
};

type RequestCount = {
  readonly type?: unknown;
  readonly method?: unknown;
  readonly requests?: unknown;
  readonly responseBytes?: unknown;
};

/** `/_drayage/stats` of an embedded registry; `undefined` for anything else. */
export function upstreamCounts(text: string): UpstreamCounts | undefined {
  const requests = parsed(text)?.requests;
  if (!Array.isArray(requests)) return undefined;
  const counts = { manifestGets: 0, blobGets: 0, otherRequests: 0, bytes: 0 };
  for (const { type, method, requests: count, responseBytes } of requests as RequestCount[]) {
    if (typeof count !== "number") return undefined;
    if (method === "GET" && type === "manifest") counts.manifestGets += count;
    else if (method === "GET" && type === "blob") counts.blobGets += count;
    else counts.otherRequests += count;
    counts.bytes += typeof responseBytes === "number" ? responseBytes : 0;
  }
  return counts;
}

export function upstreamDifference(
  before: UpstreamCounts | undefined,
  after: UpstreamCounts | undefined,
): UpstreamCounts | undefined {
  if (before === undefined || after === undefined) return undefined;
  const difference = {
    manifestGets: after.manifestGets - before.manifestGets,
    blobGets: after.blobGets - before.blobGets,
    otherRequests: after.otherRequests - before.otherRequests,
    bytes: after.bytes - before.bytes,
  };
  // Counters that fall were reset: the interval says nothing.
  return Object.values(difference).some((value) => value < 0) ? undefined : difference;
}

/** Growth of a counter summed over its labels; `undefined` where it is missing or was reset. */
export function growth(
  before: ServerCounters,
  after: ServerCounters,
  name: string,
): number | undefined {
  const keys = keysOf(after, name);
  if (keys.length === 0 || fell(before, after, name)) return undefined;
  return keys.reduce((sum, key) => sum + (after.get(key) ?? 0) - (before.get(key) ?? 0), 0);
}

const keysOf = (counters: ServerCounters, name: string): string[] =>
  [...counters.keys()].filter((key) => key === name || key.startsWith(`${name}{`));

/** Whether a counter is lower than before, or gone: it was reset, and says nothing about the time between. */
export const fell = (before: ServerCounters, after: ServerCounters, name: string): boolean =>
  keysOf(before, name).some((key) => (after.get(key) ?? 0) < (before.get(key) ?? 0));

const UPSTREAM_PULLS = "ociregistry_upstream_pulls_by_ns";
const CACHED_PULLS = "ociregistry_cached_pulls_by_ns_total";

/** Share of pulls that the cache answered by itself, 0..1; `undefined` where the server does not tell. */
export function hitRatio(before: ServerCounters, after: ServerCounters): number | undefined {
  // One that was reset is not one that was never counted.
  if ([UPSTREAM_PULLS, CACHED_PULLS].some((name) => fell(before, after, name))) return undefined;
  const upstream = growth(before, after, UPSTREAM_PULLS);
  const cached = growth(before, after, CACHED_PULLS);
  if (upstream === undefined && cached === undefined) return undefined;
  const all = (upstream ?? 0) + (cached ?? 0);
  return all === 0 ? undefined : (cached ?? 0) / all;
}
