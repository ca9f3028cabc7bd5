// Makes a batch of an exchange that has ended: the exchange itself, masked and without secrets, and what it proves about the
// registry. Runs once per exchange; nothing here waits.
import type { IncomingHttpHeaders } from "node:http";
import type { ArchiveEvent, PathFilter } from "../../archive/event.ts";
import { type ExchangeMarks, encodeExchange, type HttpExchange } from "../../archive/exchange.ts";
import type { Micros } from "../../core/units.ts";
import { parseChallenges } from "../../registry/challenge.ts";
import type { BatchSink } from "../batch-sink.ts";
import type { AddressRewrite } from "./address-rewrite.ts";
import { type ManifestCopy, manifestCopy } from "./manifest-copy.ts";
import { type NameMask, plainAddress } from "./name-mask.ts";
import { provenEvents } from "./proof.ts";
import { recordedHeaders } from "./recorded-headers.ts";
import { RecordedPaths } from "./recorded-path.ts";
import { parameterOf, recordedQuery } from "./recorded-query.ts";
import type { RegistryImage } from "./registry-image.ts";
import { exchangeClass, isDigest, plainDigest, type RegistryPath } from "./registry-path.ts";
import { UploadTable } from "./upload-table.ts";

/** An exchange that was passed on, as the wire saw it. */
export type PassedExchange = {
  readonly arrival: Micros;
  readonly address: string;
  readonly method: string;
  /** Path and query of the request line. */
  readonly target: string;
  readonly requestHeaders: IncomingHttpHeaders;
  readonly answerHeaders: IncomingHttpHeaders;
  /** 0 = the client got no answer. */
  readonly status: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly marks: ExchangeMarks;
  readonly aborted: "client" | "upstream" | undefined;
  /** Body of a manifest, if it was short enough. */
  readonly manifest: Buffer | undefined;
};

export type ExchangeRecorderOptions = {
  readonly sink: BatchSink;
  readonly image: RegistryImage;
  readonly mask: NameMask;
  readonly rewrite: AddressRewrite;
  readonly spec: PathFilter | undefined;
};

/** Token services beyond these are classed as `other`. */
const TOKEN_PATHS_MAX = 16;
/** Facts that an overloaded archive did not take go with later batches, so many at a time. */
const OWED_EVENTS_MAX = 100;

export class ExchangeRecorder {
  readonly #options: ExchangeRecorderOptions;
  readonly #uploads: UploadTable;
  readonly #paths: RecordedPaths;
  readonly #tokenPaths = new Set(["/token"]);
  /** Facts that are not in the archive yet, the last one of each path. */
  readonly #owed = new Map<string, ArchiveEvent>();
  unmatched = 0;

  constructor(options: ExchangeRecorderOptions) {
    this.#options = options;
    this.#uploads = new UploadTable(options.mask.upload);
    this.#paths = new RecordedPaths(this.#uploads, options.mask);
  }

  /** What `offer` of the sink said: a promise if the source is to wait. */
  record(passed: PassedExchange): Promise<void> | undefined {
    const [path = "", query = ""] = halves(passed.target);
    const about = this.#uploads.read(path);
    const upload = this.#follow(passed, about, path);
    this.#learnTokenPaths(passed.answerHeaders);
    const known = { about, upload, path, query };
    const spec = this.#options.spec;
    if (spec !== undefined && !spec.matches(this.#paths.plain(path, about))) {
      this.unmatched++;
      this.#forgetEnded(passed, known);
      return undefined;
    }
    const copy = manifestCopy(passed, this.#options.mask);
    const exchange = this.#exchange(passed, known, copy);
    const facts = provenEvents(this.#options.image, {
      exchange,
      name: this.#options.mask.name(about.name),
      reference: plainDigest(about.reference),
      accept: passed.requestHeaders.accept ?? "",
      isEncoded: passed.answerHeaders["content-encoding"] !== undefined,
      uploadBytes: upload === undefined ? undefined : this.#uploads.find(upload)?.bytes,
    });
    this.#forgetEnded(passed, known);
    return this.offer(facts, {
      kind: "exchange",
      path: eventPath(exchange),
      json: encodeExchange(exchange),
    });
  }

  /** Facts alone, or behind the exchange that proves them, as one batch. */
  offer(facts: readonly ArchiveEvent[], exchange?: ArchiveEvent): Promise<void> | undefined {
    const { sink } = this.#options;
    for (const fact of facts) {
      // Behind those of other paths that are owed, and instead of an older one of its own.
      this.#owed.delete(fact.path);
      this.#owed.set(fact.path, fact);
    }
    const due = [...this.#owed.values()].slice(0, OWED_EVENTS_MAX);
    const lost = sink.lostBatches;
    const room = sink.offer(exchange === undefined ? due : [exchange, ...due]);
    if (sink.lostBatches === lost) for (const { path } of due) this.#owed.delete(path);
    return room;
  }

  #exchange(passed: PassedExchange, known: Known, copy: ManifestCopy | undefined): HttpExchange {
    const { about, upload, path, query } = known;
    const { mask } = this.#options;
    const pathOf = (location: string): string => this.#paths.ofLocation(location, path);
    const digest = statedDigest(passed, known) ?? copy?.digest();
    const address = mask.client(plainAddress(passed.address));
    return {
      arrival: passed.arrival,
      client: address,
      method: passed.method,
      path: this.#paths.masked(path, about),
      ...(query === "" ? {} : { query: recordedQuery(query, mask) }),
      class: exchangeClass(passed.method, about, { query, isToken: this.#tokenPaths.has(path) }),
      ...(upload === undefined ? {} : { upload }),
      req_headers: recordedHeaders(passed.requestHeaders, pathOf),
      res_headers: recordedHeaders(passed.answerHeaders, pathOf),
      req_bytes: passed.requestBytes,
      res_bytes: passed.answerBytes,
      status: passed.status,
      ...(digest === undefined ? {} : { digest }),
      marks: passed.marks,
      ...(passed.aborted === undefined ? {} : { aborted: passed.aborted }),
      ...(copy?.base64 === undefined ? {} : { manifest: copy.base64 }),
    };
  }

  /** Keeps account of an upload; gives its hash. */
  #follow(passed: PassedExchange, about: RegistryPath, path: string): string | undefined {
    const isUpload = about.kind === "upload";
    if (!isUpload && about.kind !== "uploads") return undefined;
    const session = isUpload ? this.#uploads.sessionOf(about) : undefined;
    const { location } = passed.answerHeaders;
    if (passed.status !== 202 || location === undefined) return session;
    const place = this.#paths.placeOf(location, path);
    const upload = this.#uploads.moved(place, {
      name: about.name,
      ...(isUpload && session !== undefined ? { session } : {}),
    });
    upload.bytes = progressOf(passed) ?? upload.bytes + passed.requestBytes;
    return upload.session;
  }

  #forgetEnded({ status, method }: PassedExchange, { upload, about, path }: Known): void {
    if (upload === undefined || about.kind !== "upload") return;
    const isOver = status === 404 || ((method === "PUT" || method === "DELETE") && status < 300);
    if (isOver && status > 0) this.#uploads.ended(upload, path);
  }

  /** The realm of a challenge says where tokens come from, if they come from the upstream. */
  #learnTokenPaths(headers: IncomingHttpHeaders): void {
    const lines = headers["www-authenticate"];
    if (lines === undefined || this.#tokenPaths.size > TOKEN_PATHS_MAX) return;
    for (const { scheme, parameters } of parseChallenges([lines].flat())) {
      const realm = scheme === "bearer" ? (parameters.get("realm") ?? "") : "";
      const [place = ""] = halves(realm.replace(/^(?:https?:)?\/\/[^/?#]*/i, ""));
      const isOurs = realm.startsWith("/") || this.#options.rewrite.leadsToUpstream(realm);
      if (isOurs && place.length > 1) this.#tokenPaths.add(place);
    }
  }
}

type Known = {
  readonly about: RegistryPath;
  readonly upload: string | undefined;
  readonly path: string;
  readonly query: string;
};

function halves(target: string): [path: string, query: string] {
  const mark = target.indexOf("?");
  return mark < 0 ? [target, ""] : [target.slice(0, mark), target.slice(mark + 1)];
}

/** An archive's paths begin with a slash; `OPTIONS *` has none. */
const eventPath = ({ path }: HttpExchange): string => (path.startsWith("/") ? path : `/${path}`);

/** What the server says, else what the request names. */
function statedDigest(
  { answerHeaders }: PassedExchange,
  { about, query }: Known,
): string | undefined {
  const said = answerHeaders["docker-content-digest"];
  if (typeof said === "string") return said;
  if (about.kind === "upload") return parameterOf(query, "digest");
  if (about.kind === "uploads") return parameterOf(query, "mount") ?? parameterOf(query, "digest");
  return isDigest(about.reference) ? plainDigest(about.reference) : undefined;
}

/** `Range: 0-<last>`: what the server has. `0-0` is no byte at all, or one: the caller's own count decides. */
function progressOf({ answerHeaders, requestBytes }: PassedExchange): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(answerHeaders.range ?? "")?.[1];
  if (last === undefined || last === "0") return requestBytes === 0 && last === "0" ? 0 : undefined;
  return Number(last) + 1;
}
