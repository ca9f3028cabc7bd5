// Request heads of pullers, as bytes. Those of an image are made once and sent again in every pass.
import type { HeadFields, HeadStyle } from "../../../registry/request-head.ts";
import { movedHead, requestHead } from "../../../registry/request-head.ts";
import type { PullImage, PullWire } from "../../pull-plan.ts";

export class PullHeads {
  readonly #wire: PullWire;
  readonly #style: HeadStyle;
  readonly #prefix: string;
  readonly #query: string;
  readonly #namespaceFields: HeadFields;

  constructor(wire: PullWire) {
    const { endpoint, form, namespace } = wire;
    this.#wire = wire;
    this.#style = endpoint.style;
    const inPath = form === "path" ? `${namespace}/` : "";
    this.#prefix = `${endpoint.pathPrefix}/v2/${inPath}${endpoint.namePrefix}`;
    this.#query = form === "ns" ? `?ns=${encodeURIComponent(namespace)}` : "";
    this.#namespaceFields = form === "header" ? [["X-Registry", namespace]] : [];
  }

  /** Name of a repository as the cache knows it, for scopes. */
  scopeName(repository: string): string {
    const { form, namespace, endpoint } = this.#wire;
    return `${form === "path" ? `${namespace}/` : ""}${endpoint.namePrefix}${repository}`;
  }

  byTag(method: "GET" | "HEAD", { repository, reference }: PullImage): Buffer {
    return this.#manifest(method, repository, reference, this.#wire.profile.acceptTag);
  }

  byDigest(repository: string, digest: string, mediaType: string): Buffer {
    const { acceptDigest } = this.#wire.profile;
    const accept =
      acceptDigest === "type" ? [mediaType === "" ? "*/*" : `${mediaType}, */*`] : acceptDigest;
    return this.#manifest("GET", repository, digest, accept);
  }

  #manifest(
    method: "GET" | "HEAD",
    repository: string,
    reference: string,
    accept: readonly string[],
  ): Buffer {
    const lines = accept.map((value) => ["Accept", value] as const);
    return this.#head(method, `${repository}/manifests/${reference}`, lines);
  }

  blob(repository: string, digest: string): Buffer {
    return this.#head("GET", `${repository}/blobs/${digest}`, []);
  }

  #head(method: string, path: string, fields: HeadFields): Buffer {
    return requestHead(method, `${this.#prefix}${path}${this.#query}`, this.#style, [
      ...this.#namespaceFields,
      ...fields,
    ]);
  }

  ping(): Buffer {
    return requestHead("GET", `${this.#wire.endpoint.pathPrefix}/v2/`, this.#style);
  }

  /** `dryRun` must be said: Ociregistry takes an absent one for true. */
  prune(expression: string): Buffer {
    const query = `count=-1&dryRun=false&expr=${encodeURIComponent(expression)}&type=pattern`;
    const path = `${this.#wire.endpoint.pathPrefix}/cmd/prune?${query}`;
    return requestHead("DELETE", path, this.#style);
  }

  /** The same request at another place. Nothing that names the upstream goes to another origin than the cache's. */
  moved(
    head: Buffer,
    { isCache, ...place }: { method: string; target: string; hostHeader: string; isCache: boolean },
  ): Buffer {
    const moved = movedHead(head, place);
    if (isCache || this.#namespaceFields.length === 0) return moved;
    return Buffer.from(moved.toString("latin1").replace(/^X-Registry: .*\r\n/m, ""), "latin1");
  }
}
