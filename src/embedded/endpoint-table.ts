import { apiError } from "./api-error.ts";
import type { Behaviour } from "./behaviour.ts";
import { deleteBlob, readBlob } from "./blob-endpoint.ts";
import { bufferContent } from "./content.ts";
import { listRepositories, listTags } from "./listing-endpoint.ts";
import { deleteManifest, readManifestObject, writeManifest } from "./manifest-endpoint.ts";
import { relayList } from "./pull-through/list-relay.ts";
import { readBlobThrough, readManifestThrough } from "./pull-through/through-endpoint.ts";
import { listReferrers } from "./referrers-endpoint.ts";
import type { Handler, Registry } from "./registry.ts";
import { apiVersion, type Reply, textReply, wholeBody } from "./reply.ts";
import type { RequestType, Route } from "./route.ts";
import {
  appendToUpload,
  cancelUpload,
  finishUpload,
  startUpload,
  uploadStatus,
} from "./upload-endpoint.ts";

type Methods = Readonly<Record<string, Handler>>;
type EndpointTable = Readonly<Partial<Record<RequestType, Methods>>>;

const issueToken: Handler = (registry, call) =>
  registry.gate?.tokenReply(registry, call) ?? notFound();

const allEndpoints: EndpointTable = {
  ping: { GET: ping, HEAD: ping },
  manifest: {
    GET: readManifestObject,
    HEAD: readManifestObject,
    PUT: writeManifest,
    DELETE: deleteManifest,
  },
  blob: { GET: readBlob, HEAD: readBlob, DELETE: deleteBlob },
  tags: { GET: listTags },
  catalog: { GET: listRepositories },
  referrers: { GET: listReferrers },
  token: { GET: issueToken, POST: issueToken },
};

const startingUpload: Methods = { POST: startUpload };
const openUpload: Methods = {
  GET: uploadStatus,
  PATCH: appendToUpload,
  PUT: finishUpload,
  DELETE: cancelUpload,
};

const readOnlyEndpoints: EndpointTable = {
  ping: { GET: ping },
  manifest: { GET: readManifestObject, HEAD: readManifestObject },
  blob: { GET: readBlob },
  upload: {},
  tags: {},
  referrers: {},
  token: { GET: issueToken, POST: issueToken },
};

// Nothing is pushed to a cache, and nothing deleted but by pruning.
const throughEndpoints: EndpointTable = {
  ping: { GET: ping, HEAD: ping },
  manifest: { GET: readManifestThrough, HEAD: readManifestThrough },
  blob: { GET: readBlobThrough, HEAD: readBlobThrough },
  upload: {},
  tags: { GET: relayList },
  catalog: { GET: relayList },
  referrers: { GET: relayList },
  token: { GET: issueToken, POST: issueToken },
};

const readOnlyThroughEndpoints: EndpointTable = {
  ...readOnlyEndpoints,
  manifest: { GET: readManifestThrough, HEAD: readManifestThrough },
  blob: { GET: readBlobThrough },
};

/** The handler of a request, or the answer that there is none. */
export function handlerOf(registry: Registry, route: Route, method: string): Handler | Reply {
  const methods = methodsOf(registry, route);
  if (methods === undefined) return notFound();
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler !== undefined) return handler;
  return apiError("UNSUPPORTED", "this path does not know the method", {
    headers: ["Allow", Object.keys(methods).join(", ")],
    detail: { method },
  });
}

function methodsOf({ behaviour, through }: Registry, route: Route): Methods | undefined {
  if (through !== undefined) return throughMethods(behaviour, route);
  if (behaviour.isReadOnly) return readOnlyEndpoints[route.type];
  if (route.type === "upload") return route.reference === "" ? startingUpload : openUpload;
  return allEndpoints[route.type];
}

function throughMethods(behaviour: Behaviour, route: Route): Methods | undefined {
  return (behaviour.isReadOnly ? readOnlyThroughEndpoints : throughEndpoints)[route.type];
}

const notFound = (): Reply => textReply(404, "404 page not found\n", "text/plain; charset=utf-8");

const pings = new Map<Behaviour, Reply>();

function ping({ behaviour }: Parameters<Handler>[0]): Reply {
  const known = pings.get(behaviour);
  if (known !== undefined) return known;
  const content = bufferContent(Buffer.from(behaviour.pingBody));
  const reply: Reply = {
    status: 200,
    headers: [
      ...apiVersion,
      "Content-Type",
      "application/json",
      "Content-Length",
      String(content.size),
    ],
    body: wholeBody(content),
  };
  pings.set(behaviour, reply);
  return reply;
}
