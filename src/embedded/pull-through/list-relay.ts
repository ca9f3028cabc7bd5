// Tags, catalog and referrers are the upstream's to say: asked for at every request, never kept.
import { invariant } from "../../core/errors.ts";
import { apiError } from "../api-error.ts";
import { bufferContent } from "../content.ts";
import type { Call, Registry } from "../registry.ts";
import { apiVersion, type Reply, wholeBody } from "../reply.ts";
import { failure } from "./through-refusal.ts";
import { type ThroughTarget, throughTarget } from "./through-target.ts";
import type { UpstreamBody } from "./upstream.ts";

const LIST_BYTES_MAX = 4 * 1024 * 1024;

export async function relayList(registry: Registry, call: Call): Promise<Reply> {
  const { through } = registry;
  invariant(through !== undefined, "these endpoints exist in pull-through mode only");
  const target = throughTarget(through.names, call.route, call.request.headers);
  if ("status" in target) return target;
  const place = placeOf(call, target);
  if (place === undefined) return apiError("DIGEST_INVALID", "this is not a digest");
  const query = new URLSearchParams(call.route.query);
  query.delete("ns");
  const answer = await target.upstream.ask({
    method: "GET",
    type: call.route.type,
    target: `${place.path}${query.size === 0 ? "" : `?${query}`}`,
    scope: place.scope,
  });
  if (answer.kind === "refused") return failure(registry, answer.reply);
  try {
    return await listReply(call, answer.body);
  } catch (error) {
    return failure(registry, target.upstream.replyTo(error));
  }
}

function placeOf(
  { route }: Call,
  { name }: ThroughTarget,
): { readonly path: string; readonly scope: string } | undefined {
  if (route.type === "catalog") return { path: "/v2/_catalog", scope: "registry:catalog:*" };
  const scope = `repository:${name}:pull`;
  if (route.type === "tags") return { path: `/v2/${name}/tags/list`, scope };
  // What goes into a path must not lead out of it.
  if (!/^[\w+.-]+:[\w=-]+$/.test(route.reference)) return undefined;
  return { path: `/v2/${name}/referrers/${route.reference}`, scope };
}

const HEADERS = ["Content-Type", "OCI-Filters-Applied"];

async function listReply(call: Call, body: UpstreamBody): Promise<Reply> {
  const content = bufferContent(await body.whole(LIST_BYTES_MAX));
  const { headersDistinct } = body.response;
  const fields = HEADERS.flatMap((name) =>
    (headersDistinct[name.toLowerCase()] ?? []).flatMap((value) => [name, value]),
  );
  const link = nextLink(call, headersDistinct.link ?? []);
  return {
    status: 200,
    headers: [
      ...apiVersion,
      "Content-Length",
      String(content.size),
      ...fields,
      ...(link === undefined ? [] : ["Link", link]),
    ],
    body: wholeBody(content),
  };
}

// The next page is asked for here, under the name that the client uses: only the query is the upstream's.
function nextLink({ request, route }: Call, lines: readonly string[]): string | undefined {
  const target = lines.map((line) => /<([^>]*)>[^,]*rel="?next"?/i.exec(line)?.[1]).find(Boolean);
  if (target === undefined) return undefined;
  const query = new URLSearchParams(/\?(.*)$/.exec(target)?.[1] ?? "");
  const namespace = new URLSearchParams(route.query).get("ns");
  if (namespace !== null) query.set("ns", namespace);
  const path = (request.url ?? "/").replace(/^[a-z]+:\/\/[^/]*/i, "").split("?")[0];
  return `<${path}?${query}>; rel="next"`;
}
