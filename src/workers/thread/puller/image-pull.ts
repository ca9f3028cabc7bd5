// One pull of one image after the other, for one client: manifest, platform, blobs, in the order of the client's profile.
// Runs once per pull and once per blob; budget 5 us per pull beside its requests. Guarded by perf/pull-cached.bench.ts.
//
//   begin -> [ping] -> [HEAD tag] -> GET tag | digest -> [GET digest, for each entry of an index] -> blobs -> ended
//                                                                                   C at the same time
// The first failure ends the pull; what is under way beside it is cut off.
import { Failure } from "../../../core/failure.ts";
import { BoardWord } from "../../pull-board.ts";
import { ClassOf } from "../../pull-classes.ts";
import { BlobQueue } from "./blob-queue.ts";
import { failureKind, whatFailed } from "./failure-kind.ts";
import { ImageRequest, type RequestOwner } from "./image-request.ts";
import type { ReadyBlob } from "./manifest-cache.ts";
import { isDigest } from "./manifest-plan.ts";
import { readManifest } from "./manifest-reader.ts";
import type { PullContext } from "./pull-context.ts";
import { PullStamps } from "./pull-stamps.ts";
import type { PullerClient } from "./puller-client.ts";
import { type Accepted, resetWanted } from "./wanted-request.ts";

/** Manifests of one pull, indices of indices included. */
const MANIFESTS_MAX = 1000;

export interface PullOwner {
  pullEnded(pull: ImagePull): void;
}

export class ImagePull implements RequestOwner {
  /** Result, until the next `begin`. */
  image = 0;
  /** Empty = success; else the kind of failure, `aborted` among them. */
  failed = "";
  detail = "";
  /** First byte of the first manifest request written, and the end; `isFirst`: nobody had pulled it before. */
  sentAt = 0;
  firstByteAt = Number.NaN;
  doneAt = 0;
  bytes = 0;
  status = 0;
  isFirst = false;

  readonly #context: PullContext;
  readonly #owner: PullOwner;
  readonly #slots: readonly ImageRequest[];
  readonly #stamps = new PullStamps();
  readonly #blobs = new BlobQueue();
  readonly #blobsAccept: Accepted;
  readonly #manifests: { readonly digest: string; readonly head: Buffer }[] = [];
  #phase: "idle" | "ping" | "resolve" | "manifest" | "blobs" = "idle";
  #prunes = false;
  #repository = "";
  #code: number = Failure.none;
  #started = false;
  #underWay = 0;
  #manifestCount = 0;
  #limit: NodeJS.Timeout | undefined;

  constructor(client: PullerClient, owner: PullOwner) {
    this.#context = client.context;
    this.#owner = owner;
    const { concurrency: length, follow } = client.context.plan.wire;
    this.#blobsAccept = follow ? "none" : "redirect";
    this.#slots = Array.from({ length }, () => new ImageRequest(client, this));
  }

  /** `prunes`: others may remove what this pull has just been promised. */
  begin(image: number, { prunes }: { readonly prunes: boolean }): void {
    const { plan, pulledBefore } = this.#context;
    this.image = image;
    this.failed = "";
    this.detail = "";
    this.#prunes = prunes;
    this.#code = Failure.none;
    this.status = 0;
    this.bytes = 0;
    this.sentAt = Number.NaN;
    this.firstByteAt = Number.NaN;
    this.#started = false;
    this.#underWay = 0;
    this.#manifestCount = 0;
    this.#manifests.length = 0;
    this.#blobs.clear();
    this.#repository = plan.images[image]?.repository ?? "";
    this.isFirst = Atomics.exchange(pulledBefore, image, 1) === 0;
    if (plan.wire.profile.ping) this.#ping();
    else this.#resolve();
  }

  /** Whatever is answered will do. */
  #ping(): void {
    this.#phase = "ping";
    const request = this.#request(ClassOf.probe, this.#context.heads.ping());
    request.wanted.accepts = "any";
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
      request.wanted.accepts = "no-head";
      this.#send(request);
    } else this.#getByReference();
  }

  #getByReference(): void {
    const reference = this.#context.plan.images[this.image]?.reference ?? "";
    const digest = reference.includes(":") ? reference : "";
    const type = digest === "" ? ClassOf["manifest-tag"] : ClassOf["manifest-digest"];
    this.#getManifest(type, this.#context.tagHead(this.image), digest);
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
    resetWanted(request.wanted, type, head, this.#repository);
    return request;
  }

  #send(request: ImageRequest): void {
    this.#underWay++;
    request.begin();
  }

  answered(request: ImageRequest): void {
    this.#underWay--;
    if (this.#started && Number.isNaN(this.sentAt)) {
      this.sentAt = request.beganAt;
      this.firstByteAt = request.firstByteAt;
    }
    this.bytes += request.bytes;
    if (request.failure !== Failure.none) request.wanted.file?.drop();
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
        request.wanted.file?.keep();
        this.#blobs.complete();
        this.#pump();
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
    const tellsAll = status === 200 && isDigest(contentDigest) && contentLength >= 0;
    if (tellsAll) {
      const head = heads.byDigest(this.#repository, contentDigest, contentType);
      this.#getManifest(ClassOf["manifest-digest"], head, contentDigest);
    } else this.#getByReference();
  }

  #manifestCame({ body, contentDigest, contentType, wanted, status }: ImageRequest): void {
    const read = readManifest(this.#context, {
      repository: this.#repository,
      body,
      asked: wanted.digest,
      announced: contentDigest,
    });
    if (read.kind === "wrong") {
      this.#fail(read.failed, read.code, read.why, status);
      return;
    }
    const { manifest, digest } = read;
    const { board, layout, plan } = this.#context;
    const mediaType = manifest.mediaType === "" ? contentType : manifest.mediaType;
    const image = this.#manifestCount === 1 ? this.image : -1;
    layout?.saveManifest(body, { image, digest, mediaType });
    if (manifest.kind === "index") this.#manifests.push(...manifest.children);
    else {
      board.add(BoardWord.foreignLayers, manifest.foreign);
      this.#blobs.add(manifest, plan.wire.profile.config);
    }
    this.#nextManifest();
  }

  #nextManifest(): void {
    const next = this.#manifests.shift();
    if (next === undefined) {
      if (this.#manifestCount > 2) this.#blobs.dropRepeated();
      this.#phase = "blobs";
      this.#pump();
    } else if (this.#manifestCount >= MANIFESTS_MAX)
      this.#fail("manifest", Failure.protocol, `more than ${MANIFESTS_MAX} manifests`, 200);
    else this.#getManifest(ClassOf["manifest-digest"], next.head, next.digest);
  }

  /** Gives every free slot a blob. */
  #pump(): void {
    for (const slot of this.#slots) {
      if (slot.busy) continue;
      const blob = this.#blobs.next();
      if (blob === undefined) break;
      this.#getBlob(slot, blob);
    }
    if (this.#underWay === 0) this.#end();
  }

  #getBlob(slot: ImageRequest, { head, digest, size, isConfig }: ReadyBlob): void {
    const { plan, layout } = this.#context;
    const { wanted } = slot;
    resetWanted(wanted, isConfig ? ClassOf.config : ClassOf.layer, head, this.#repository);
    wanted.size = size;
    wanted.digest = plan.wire.verify ? digest : "";
    wanted.accepts = this.#blobsAccept;
    wanted.fresh = plan.wire.profile.freshPerBlob;
    wanted.file = layout?.open(digest);
    this.#send(slot);
  }

  #failWith(request: ImageRequest): void {
    const { failure, detail, status } = request;
    const isPruned = this.#phase === "blobs" && status === 404 && this.#prunes;
    const kind = isPruned ? "pruned-under-pull" : failureKind(request);
    this.#fail(kind, failure, `${whatFailed(request.wanted.type)}: ${detail}`, status);
  }

  #fail(kind: string, code: number, detail: string, status: number): void {
    this.failed = kind === "" ? failureKind({ failure: code, status, special: "" }) : kind;
    this.#code = code;
    this.status = status;
    this.detail = detail;
    // Each of them lands at once, and the last one ends the pull.
    if (this.#underWay === 0) this.#end();
    else for (const slot of this.#slots) slot.abort(Failure.aborted, detail);
  }

  readonly #overdue = (): void => {
    const seconds = this.#context.plan.wire.pullMs / 1000;
    this.#cut("timeout", Failure["timeout:total"], `the pull did not end within ${seconds} s`);
  };

  /** Ends pauses before further attempts. */
  hurry(): void {
    for (const slot of this.#slots) slot.hurry();
  }

  /** Cuts the pull off: counted as aborted, neither success nor failure. */
  abort(): void {
    this.#cut("aborted", Failure.aborted, "cut off at the end of the run");
  }

  #cut(kind: string, code: number, detail: string): void {
    if (this.#phase !== "idle" && this.failed === "") this.#fail(kind, code, detail, 0);
  }

  #end(): void {
    this.#phase = "idle";
    clearTimeout(this.#limit);
    this.doneAt = this.#context.clock.now();
    // A ping that failed: the pull itself has not begun.
    if (!this.#started) this.#context.board.change(1, this.doneAt);
    this.#record();
    this.#owner.pullEnded(this);
  }

  #record(): void {
    const { board } = this.#context;
    board.change(-1, this.doneAt);
    const type = this.isFirst ? ClassOf["pull-first"] : ClassOf["pull-repeat"];
    this.#stamps.fill(Number.NaN, this, this.bytes);
    if (this.failed === "aborted") board.add(BoardWord.aborted, 1);
    else this.#stamps.record(this.#context, type, { failure: this.#code, status: this.status });
  }
}
