import type { IncomingHttpHeaders } from "node:http";
import { isRepositoryName } from "../../registry/reference.ts";
import { apiError } from "../api-error.ts";
import type { Reply } from "../reply.ts";
import type { Route } from "../route.ts";
import type { Upstream } from "./upstream.ts";

/** What a request through the cache is about. */
export type ThroughTarget = {
  readonly upstream: Upstream;
  /** As the upstream knows it; empty for the catalog. */
  readonly name: string;
  /** Name with the namespace in front: the repository's name in the store, whatever form the client used. */
  readonly key: string;
  /** Tag or digest; empty for lists. */
  readonly reference: string;
};

/** The upstreams, and how names lead to them. */
export type UpstreamNames = {
  readonly byName: ReadonlyMap<string, Upstream>;
  /** For names without a namespace. */
  readonly standard: Upstream | undefined;
  readonly isFixed: boolean;
  /** As some registries have it; `undefined` = any. */
  readonly segmentsMax: number | undefined;
};

/**
 * Where a request leads. The first that is there counts: header X-Registry, `?ns=`, a first segment with a dot or a colon,
 * the standard upstream. Names that lead nowhere are refused: a client must not make this server call any host it likes.
 */
export function throughTarget(
  names: UpstreamNames,
  route: Route,
  headers: IncomingHttpHeaders,
): ThroughTarget | Reply {
  const { name, reference } = route;
  const segments = name.split("/");
  if (names.segmentsMax !== undefined && segments.length > names.segmentsMax) {
    return refusal(400, `more than ${names.segmentsMax} segments`, name);
  }
  const given = names.isFixed ? undefined : namespaceOf(route, headers);
  if (given !== undefined) return named(names, given, { name, reference });
  const [first = "", ...rest] = segments;
  if (!names.isFixed && rest.length > 0 && /[.:]/.test(first)) {
    return named(names, first, { name: rest.join("/"), reference });
  }
  if (names.standard === undefined) return refusal(400, "no namespace", name);
  return targetAt(names.standard, { name, reference });
}

function namespaceOf(route: Route, headers: IncomingHttpHeaders): string | undefined {
  const header = headers["x-registry"];
  if (header !== undefined) return String(header);
  if (route.query === "") return undefined;
  return new URLSearchParams(route.query).get("ns") ?? undefined;
}

type Asked = { readonly name: string; readonly reference: string };

function named(names: UpstreamNames, namespace: string, asked: Asked): ThroughTarget | Reply {
  const upstream = names.byName.get(namespace.toLowerCase());
  if (upstream === undefined) {
    return apiError("NAME_UNKNOWN", "no upstream has this namespace", { detail: { namespace } });
  }
  return targetAt(upstream, asked);
}

function targetAt(upstream: Upstream, { name, reference }: Asked): ThroughTarget | Reply {
  if (name !== "" && !isRepositoryName(name)) {
    return apiError("NAME_INVALID", "this is not a repository's name", { detail: { name } });
  }
  return { upstream, name, key: `${upstream.name}/${name}`, reference };
}

const refusal = (status: number, why: string, name: string): Reply =>
  apiError("NAME_INVALID", `the name has ${why}`, { status, detail: { name } });
