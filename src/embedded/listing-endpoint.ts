import { apiError } from "./api-error.ts";
import type { Call, Registry } from "./registry.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { Repository } from "./repository.ts";

/** GET tags/list (end-8). */
export function listTags(registry: Registry, call: Call): Reply {
  const { name } = call.route;
  const repository = registry.store.find(name);
  if (repository === undefined) {
    return apiError("NAME_UNKNOWN", "no such repository", { detail: { name } });
  }
  if (registry.behaviour.tagList === "all, unsorted, null when empty") return unpaged(repository);
  const page = pageOf(registry, call, repository.sortedTags());
  if ("status" in page) return page;
  const withLink = registry.behaviour.tagList === "paged" && page.hasMore;
  return jsonReply({ name, tags: page.entries }, withLink ? page.link : []);
}

function unpaged(repository: Repository): Reply {
  const tags = repository.tagsAsPushed();
  return jsonReply({ name: repository.name, tags: tags.length === 0 ? null : tags });
}

/** GET _catalog. */
export function listRepositories(registry: Registry, call: Call): Reply {
  const page = pageOf(registry, call, registry.store.sortedNames());
  if ("status" in page) return page;
  const { catalogLink } = registry.behaviour;
  const withLink =
    (catalogLink === "while more" && page.hasMore) || (catalogLink === "page full" && page.isFull);
  return jsonReply({ repositories: page.entries }, withLink ? page.link : []);
}

interface Page {
  readonly entries: readonly string[];
  readonly hasMore: boolean;
  /** As many entries as were asked for: some registries then promise a next page, empty or not. */
  readonly isFull: boolean;
  /** The Link header that leads to the next page. */
  readonly link: readonly string[];
}

/** The entries after `last`, at most `n`. `sorted` by character codes, each entry once. */
function pageOf(registry: Registry, call: Call, sorted: readonly string[]): Page | Reply {
  const { pageMax } = registry.settings;
  const query = new URLSearchParams(call.route.query);
  const asked = query.get("n");
  if (asked !== null && !/^\d+$/.test(asked)) return invalidCount(asked);
  const n = asked === null ? pageMax : Number(asked);
  if (n > pageMax && registry.behaviour.refusesLargePages) return invalidCount(String(n));
  const last = query.get("last");
  const start = last === null ? 0 : placeAfter(sorted, last);
  const entries = sorted.slice(start, start + Math.min(n, pageMax));
  const end = entries.at(-1) ?? "";
  const path = (call.request.url ?? "").split("?")[0] ?? "";
  const next = `${path}?${new URLSearchParams({ last: end, n: String(Math.min(n, pageMax)) })}`;
  return {
    entries,
    hasMore: entries.length > 0 && start + entries.length < sorted.length,
    isFull: entries.length > 0 && entries.length === n,
    link: ["Link", `<${next}>; rel="next"`],
  };
}

const invalidCount = (n: string): Reply =>
  apiError("PAGINATION_NUMBER_INVALID", "n is not a number of entries that this registry gives", {
    detail: { n },
  });

// Place of the first entry after `last`, by halving; `last` itself need not exist.
function placeAfter(sorted: readonly string[], last: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
