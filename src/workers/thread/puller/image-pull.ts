// One pull of one image after the other, for one client: manifest, platform, blobs, in the order of the client's profile.
// Runs once per pull and once per blob; budget 5 us per pull beside its requests. Guarded by perf/pull-cached.bench.ts.
//
//   begin -> [ping] -> [HEAD tag] -> GET tag | digest -> [GET digest, for each entry of an index] -> blobs -> ended
//                                                                                   C at the same time
// The first failure ends the pull; what is under way beside it is cut off.
import { hash } from "node:crypto";
import { Failure } from "../../../core/failure.ts";
import { STAMP_WORDS, Stamp } from "../../../stats/tally.ts";
import { BoardWord } from "../../pull-board.ts";
import { ClassOf } from "../../pull-classes.ts";
import type { SavedManifest } from "../../pull-messages.ts";
import { digestParts } from "./body-check.ts";
import { failureKind } from "./failure-kind.ts";
import { ImageRequest, type RequestOwner } from "./image-request.ts";
import type { ReadyBlob, ReadyManifest } from "./manifest-cache.ts";
import { manifestPlan } from "./manifest-plan.ts";
import type { PullContext } from "./pull-context.ts";
import type { PullerClient } from "./puller-client.ts";

/** Manifests of one pull, indices of indices included. */
const MANIFESTS_MAX = 1000;

export interface PullOwner {
  pullEnded(pull: ImagePull): void;
}

type Phase = "idle" | "ping" | "resolve" | "manifest" | "blobs";

export class ImagePull implements RequestOwner {
  /** Result, until the next `begin`. */
  image = 0;
  /** Empty = success; else the kind of failure, `aborted` among them. */
  failed = "";
  detail = "";
  /** First byte of the first manifest request written, and the end. */
  sentAt = 0;
  doneAt = 0;
  /** By image: the newest manifest that was written. */
  readonly saved = new Map<number, SavedManifest>();

  readonly #context: PullContext;
  readonly #owner: PullOwner;
  readonly #slots: readonly ImageRequest[];
  readonly #stamps = new Float64Array(STAMP_WORDS);
  readonly #blobs: ReadyBlob[] = [];
  readonly #manifests: { readonly digest: string; readonly head: Buffer }[] = [];
  #phase: Phase = "idle";
  #prunes = false;
  #isFirst = false;
  #repository = "";
  #code: number = Failure.none;
  #status = 0;
  #bytes = 0;
  #firstByteAt = Number.NaN;
  #started = false;
  #nextBlob = 0;
  #underWay = 0;
  /** Blobs that must be complete before the others begin: a config that is asked for first. */
  #alone = 0;
  #manifestCount = 0;
  #limit: NodeJS.Timeout | undefined;

  constructor(client: PullerClient, owner: PullOwner) {
    this.#context = client.context;
    this.#owner = owner;
    const { concurrency } = client.context.plan.wire;
    this.#slots = Array.from({ length: concurrency }, () => new ImageRequest(client, this));
  }

  /** `prunes`: others may remove what this pull has just been promised. */
  begin(image: number, { prunes }: { readonly prunes: boolean }): void {
    const { plan, pulledBefore } = this.#context;
    this.image = image;
    this.failed = "";
    this.detail = "";
    this.#prunes = prunes;
    this.#code = Failure.none;
    this.#status = 0;
    this.#bytes = 0;
    this.sentAt = Number.NaN;
    this.#firstByteAt = Number.NaN;
    this.#started = false;
    this.#underWay = 0;
    this.#manifestCount = 0;
    this.#manifests.length = 0;
    this.#blobs.length = 0;
    this.#nextBlob = 0;
    this.#repository = plan.images[image]?.repository ?? "";
    this.#isFirst = Atomics.exchange(pulledBefore, image, 1) === 0;
    if (plan.wire.profile.ping) this.#ping();
    else this.#resolve();
  }

  #ping(): void {
    this.#phase = "ping";
    const request = this.#request(ClassOf.probe, this.#context.heads.ping());
    request.wanted.acceptsAny = true;
    this.#send(request);
  }

  /** The pull proper begins: probes and pings are outside. */
  #resolve(): void {
    const { plan, board, clock, heads } = this.#context;
    this.#started = true;
    board.change(1, clock.now());
    if (plan.wire.pullMs > 0) this.#limit = setTimeout(this.#overdue, plan.wire.pullMs);
    const image = plan.images[this.image];
    const isTag = image !== undefined && !image.reference.includes(":");
    if (plan.wire.profile.headFirst && isTag) {
      this.#phase = "resolve";
      const request = this.#request(ClassOf["manifest-tag"], heads.byTag("HEAD", image));
      request.wanted.method = "HEAD";
      request.wanted.acceptsAny = true;
      this.#send(request);
    } else this.#getByReference();
  }

  #getByReference(): void {
    const reference = this.#context.plan.images[this.image]?.reference ?? "";
    const isDigest = reference.includes(":");
    const type = isDigest ? ClassOf["manifest-digest"] : ClassOf["manifest-tag"];
    this.#getManifest(type, this.#context.tagHead(this.image), isDigest ? reference : "");
  }

  #getManifest(type: number, head: Buffer, digest: string): void {
    this.#phase = "manifest";
    this.#manifestCount++;
    const request = this.#request(type, head);
    request.wanted.collects = true;
    request.wanted.digest = digest;
    this.#send(request);
  }

  #request(type: number, head: Buffer): ImageRequest {
    const request = this.#slots[0] as ImageRequest;
    const { wanted } = request;
    wanted.type = type;
    wanted.head = head;
    wanted.method = "GET";
    wanted.repository = this.#repository;
    wanted.size = -1;
    wanted.digest = "";
    wanted.collects = false;
    wanted.acceptsAny = false;
    wanted.fresh = false;
    wanted.file = undefined;
    return request;
  }

  #send(request: ImageRequest): void {
    this.#underWay++;
    request.begin();
  }

  answered(request: ImageRequest): void {
    this.#underWay--;
    if (this.#phase === "idle") return;
    if (this.#started && Number.isNaN(this.sentAt)) {
      this.sentAt = request.beganAt;
      this.#firstByteAt = request.firstByteAt;
    }
    this.#bytes += request.bytes;
    if (this.failed !== "") {
      if (this.#underWay === 0) this.#end();
    } else if (request.failure === Failure.none) this.#goOn(request);
    else this.#failWith(request);
  }

  #goOn(request: ImageRequest): void {
    switch (this.#phase) {
      case "ping":
        this.#resolve();
        return;
      case "resolve":
        this.#resolved(request);
        return;
      case "manifest":
        this.#manifestCame(request);
        return;
      case "blobs":
        this.#blobCame(request);
        return;
      case "idle":
        return;
      default:
        this.#phase satisfies never;
    }
  }

  /** A HEAD that says too little, or is not allowed, is followed by a GET of the tag. */
  #resolved({ status, contentDigest, contentType, contentLength }: ImageRequest): void {
    const { heads } = this.#context;
    const tellsAll = status === 200 && contentDigest !== "" && contentLength >= 0;
    if (tellsAll) {
      const head = heads.byDigest(this.#repository, contentDigest, contentType);
      this.#getManifest(ClassOf["manifest-digest"], head, contentDigest);
    } else if (status === 200 || status === 405) this.#getByReference();
    else this.#fail("", Failure.http, `HEAD of the manifest: status ${status}`, status);
  }

  #manifestCame(request: ImageRequest): void {
    const { body, contentDigest, contentType, wanted } = request;
    const asked = wanted.digest;
    const sha256 = hash("sha256", body, "hex");
    for (const digest of [asked, contentDigest]) {
      if (digest === "" || hasDigest(body, sha256, digest)) continue;
      this.#fail(
        "",
        Failure.digest_mismatch,
        `the manifest does not have the digest ${digest}`,
        request.status,
      );
      return;
    }
    const key = `${this.#repository}@${asked === "" ? `sha256:${sha256}` : asked}`;
    const manifest = this.#context.manifests.get(key) ?? this.#read(body, key);
    if (manifest === undefined) return;
    this.#save(body, asked === "" ? `sha256:${sha256}` : asked, manifest.mediaType || contentType);
    if (manifest.kind === "index") this.#manifests.push(...manifest.children);
    else this.#addBlobs(manifest);
    this.#nextManifest();
  }

  #save(body: Buffer, digest: string, mediaType: string): void {
    const { layout } = this.#context;
    if (layout === undefined) return;
    layout.write(digest, body);
    if (this.#manifestCount === 1)
      this.saved.set(this.image, { image: this.image, mediaType, digest, size: body.length });
  }

  #read(body: Buffer, key: string): ReadyManifest | undefined {
    const { plan, heads, manifests } = this.#context;
    const read = manifestPlan(body, plan.wire.platform);
    switch (read.kind) {
      case "no-platform":
        this.#fail("platform", Failure.protocol, "no manifest for platform", 200);
        return undefined;
      case "unreadable":
        this.#fail("manifest", Failure.protocol, read.why, 200);
        return undefined;
      case "index": {
        const children = read.children.map(({ digest, mediaType }) => ({
          digest,
          head: heads.byDigest(this.#repository, digest, mediaType),
        }));
        const ready = { ...read, children };
        manifests.keep(key, ready);
        return ready;
      }
      case "image": {
        const withHead = (blob: (typeof read.layers)[number]): ReadyBlob => ({
          ...blob,
          head: heads.blob(this.#repository, blob.digest),
        });
        const config = read.config === undefined ? undefined : withHead(read.config);
        const ready = { ...read, config, layers: read.layers.map(withHead) };
        manifests.keep(key, ready);
        return ready;
      }
      default:
        return read satisfies never;
    }
  }

  #addBlobs({ config, layers, foreign }: Extract<ReadyManifest, { kind: "image" }>): void {
    const { profile } = this.#context.plan.wire;
    if (foreign > 0) this.#context.board.add(BoardWord.foreignLayers, foreign);
    const blobs = this.#blobs;
    const isAlone = profile.config === "first" && config !== undefined && blobs.length === 0;
    this.#alone = isAlone ? 1 : 0;
    if (profile.config !== "last" && config !== undefined) blobs.push(config);
    for (const layer of layers) blobs.push(layer);
    if (profile.config === "last" && config !== undefined) blobs.push(config);
  }

  #nextManifest(): void {
    const next = this.#manifests.shift();
    if (next === undefined) {
      // Several manifests of an index may share blobs.
      if (this.#manifestCount > 2) this.#dropRepeated();
      this.#phase = "blobs";
      this.#pump();
    } else if (this.#manifestCount >= MANIFESTS_MAX)
      this.#fail("manifest", Failure.protocol, `more than ${MANIFESTS_MAX} manifests`, 200);
    else this.#getManifest(ClassOf["manifest-digest"], next.head, next.digest);
  }

  #dropRepeated(): void {
    const seen = new Set<string>();
    const once = this.#blobs.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
    this.#blobs.length = 0;
    this.#blobs.push(...once);
    this.#alone = 0;
  }

  /** Gives every free slot a blob. */
  #pump(): void {
    const blobs = this.#blobs;
    for (const slot of this.#slots) {
      if (this.#nextBlob >= blobs.length) break;
      if (this.#alone > 0 && this.#nextBlob >= this.#alone) break;
      if (!slot.busy) this.#getBlob(slot, blobs[this.#nextBlob++] as ReadyBlob);
    }
    if (this.#underWay === 0) this.#end();
  }

  #getBlob(slot: ImageRequest, { head, digest, size, isConfig }: ReadyBlob): void {
    const { wire } = this.#context.plan;
    const { wanted } = slot;
    wanted.type = isConfig ? ClassOf.config : ClassOf.layer;
    wanted.head = head;
    wanted.method = "GET";
    wanted.repository = this.#repository;
    wanted.size = size;
    wanted.digest = wire.verify ? digest : "";
    wanted.collects = false;
    wanted.acceptsAny = false;
    wanted.fresh = wire.profile.freshPerBlob;
    wanted.file = this.#context.layout?.open(digest);
    this.#send(slot);
  }

  #blobCame({ wanted }: ImageRequest): void {
    wanted.file?.keep();
    if (this.#underWay === 0) this.#alone = 0;
    this.#pump();
  }

  #failWith(request: ImageRequest): void {
    request.wanted.file?.drop();
    const { failure, special, detail, status } = request;
    const what = { failure, status, special };
    const isBlob = this.#phase === "blobs";
    const kind = isBlob && status === 404 && this.#prunes ? "pruned-under-pull" : failureKind(what);
    this.#fail(kind, failure, `${this.#whatOf(request)}: ${detail}`, status);
  }

  #whatOf({ wanted: { type } }: ImageRequest): string {
    switch (type) {
      case ClassOf.probe:
        return "GET /v2/";
      case ClassOf.config:
        return "config";
      case ClassOf.layer:
        return "layer";
      default:
        return "manifest";
    }
  }

  #fail(kind: string, code: number, detail: string, status: number): void {
    this.failed = kind === "" ? failureKind({ failure: code, status, special: "" }) : kind;
    this.#code = code;
    this.#status = status;
    this.detail = detail;
    const why = "the pull that it belongs to has failed";
    // Each of them lands at once, and the last one ends the pull.
    if (this.#underWay === 0) this.#end();
    else for (const slot of this.#slots) slot.abort(Failure.aborted, why);
  }

  readonly #overdue = (): void => {
    this.#limit = undefined;
    const seconds = this.#context.plan.wire.pullMs / 1000;
    this.#cut("timeout", Failure["timeout:total"], `the pull did not end within ${seconds} s`);
  };

  /** Ends the pauses before further attempts. */
  hurry(): void {
    for (const slot of this.#slots) slot.hurry();
  }

  /** Cuts the pull off: counted as aborted, neither success nor failure. */
  abort(): void {
    this.#cut("aborted", Failure.aborted, "cut off at the end of the run");
  }

  #cut(kind: string, code: number, detail: string): void {
    if (this.#phase === "idle" || this.failed !== "") return;
    this.failed = kind;
    this.#code = code;
    this.detail = detail;
    for (const slot of this.#slots) slot.abort(Failure.aborted, detail);
  }

  #end(): void {
    this.#phase = "idle";
    clearTimeout(this.#limit);
    this.#limit = undefined;
    this.doneAt = this.#context.clock.now();
    if (this.#started) this.#record();
    this.#owner.pullEnded(this);
  }

  #record(): void {
    const { board, tally } = this.#context;
    board.change(-1, this.doneAt);
    if (this.failed === "aborted") {
      board.add(BoardWord.aborted, 1);
      return;
    }
    const stamps = this.#stamps;
    stamps[Stamp.due] = Number.NaN;
    stamps[Stamp.sent] = this.sentAt;
    stamps[Stamp.firstByte] = this.#firstByteAt;
    stamps[Stamp.done] = this.doneAt;
    stamps[Stamp.bytesIn] = this.#bytes;
    const type = this.#isFirst ? ClassOf["pull-first"] : ClassOf["pull-repeat"];
    tally.started(stamps, 0, type, 0);
    tally.record(stamps, 0, type, this.#code, this.#status);
  }
}

function hasDigest(body: Buffer, sha256: string, digest: string): boolean {
  const parts = digestParts(digest);
  if (parts === undefined) return true;
  const made = parts.algorithm === "sha256" ? sha256 : hash(parts.algorithm, body, "hex");
  return made === parts.hex;
}
