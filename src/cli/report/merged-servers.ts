// What caches and upstreams told of several ramps, as of their sum. Each ramp has how much their counters grew while it went on.
//
//   in turn    every ramp watched a time of its own: what grew is added
//   together   ramps with the same server watched the same growth, one a little longer than the other: the largest is taken;
//              of different servers it is added
//
// What one of the ramps was not told is not known of the sum.
import type { RampPlacement } from "../../pull/merged-seconds.ts";
import type { StoredRecord } from "../../report/stored-run.ts";
import type { ServerFigures } from "../pull/pull-results.ts";

export type WatchedRamp = { readonly record: StoredRecord; readonly server: ServerFigures };

/** `pulls` that succeeded, and `bytes` of them, in all ramps. */
export function mergedServers(
  ramps: readonly WatchedRamp[],
  placement: RampPlacement,
  { pulls, bytes }: { readonly pulls: number; readonly bytes: number },
): ServerFigures {
  const inTurn = placement === "in-turn";
  const caches = grouped(ramps, "cache");
  const watched = inTurn ? ramps.map((ramp) => [ramp]) : caches;
  const upstreams = inTurn ? watched : grouped(ramps, "registry");
  const manifests = added(upstreams, ({ upstreamManifestGets }) => upstreamManifestGets);
  const moved = added(upstreams, ({ upstreamBytes }) => upstreamBytes);
  return {
    hitRatio: hitRatioOf(watched),
    manifestAmplification: manifests === null || pulls === 0 ? null : manifests / pulls,
    bytesAmplification: moved === null || bytes === 0 ? null : moved / bytes,
    upstreamManifestGets: manifests,
    upstreamBlobGets: added(upstreams, ({ upstreamBlobGets }) => upstreamBlobGets),
    upstreamBytes: moved,
    // Not what grew, but how things stood at the end: each cache says it once, when it was asked last.
    proxy: addedByName(caches.map(latest), ({ proxy }) => proxy),
    held: addedByName(caches.map(latest), ({ held }) => held),
    counted: addedByName(watched, ({ counted }) => counted),
  };
}

type Groups = readonly (readonly WatchedRamp[])[];

function grouped(ramps: readonly WatchedRamp[], which: "cache" | "registry"): Groups {
  const groups = new Map<string, WatchedRamp[]>();
  for (const ramp of ramps) {
    const name = serverName(ramp.record, which);
    groups.set(name, [...(groups.get(name) ?? []), ramp]);
  }
  return [...groups.values()];
}

const latest = (group: readonly WatchedRamp[]): readonly WatchedRamp[] =>
  group
    .toSorted((a, b) => (a.record.endedAt ?? "").localeCompare(b.record.endedAt ?? ""))
    .slice(-1);

const LOCAL = /^https?:\/\/(?:localhost|127\.|\[::1\])/;

/** Names of a machine's own mean another server on each of them. */
function serverName({ plan, machine }: StoredRecord, which: "cache" | "registry"): string {
  const { resolved } = plan as {
    readonly resolved?: { readonly [which: string]: { readonly origin?: string } | undefined };
  };
  const origin = resolved?.[which]?.origin ?? "";
  return LOCAL.test(origin) ? `${origin} of ${String(machine?.host)}` : origin;
}

function added(groups: Groups, of: (server: ServerFigures) => number | null): number | null {
  let sum = 0;
  for (const group of groups) {
    const told = group.map(({ server }) => of(server));
    if (told.includes(null)) return null;
    sum += Math.max(...told.map((value) => value ?? 0));
  }
  return sum;
}

function addedByName(
  groups: Groups,
  of: (server: ServerFigures) => Readonly<Record<string, number>>,
): Record<string, number> {
  const names = new Set(groups.flat().flatMap(({ server }) => Object.keys(of(server))));
  const sums = [...names].map((name) => [name, added(groups, (one) => of(one)[name] ?? null)]);
  return Object.fromEntries(sums.filter(([, sum]) => sum !== null));
}

const CACHED = "ociregistry_cached_pulls_by_ns_total";
const UPSTREAM = "ociregistry_upstream_pulls_by_ns";

/** A counter that is not there yet is zero where the other one is. */
function hitRatioOf(groups: Groups): number | null {
  const grown = (wanted: string) =>
    added(groups, ({ counted }) =>
      counted[CACHED] === undefined && counted[UPSTREAM] === undefined
        ? null
        : (counted[wanted] ?? 0),
    );
  const [cached, upstream] = [grown(CACHED), grown(UPSTREAM)];
  if (cached === null || upstream === null || cached + upstream === 0) return null;
  return cached / (cached + upstream);
}
