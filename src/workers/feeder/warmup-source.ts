// Turns the distinct objects of a trace into pushes: blobs first, then manifests, since a registry refuses a manifest whose
// blobs it does not have. Runs once per distinct object. Source: trace-replay.md 4.
import { Kind, Op } from "../../core/operation.ts";
import { contentDigest } from "../../registry/content.ts";
import { emptyDescriptor } from "../../registry/manifest.ts";
import {
  Flag,
  NO_SESSION,
  type OperationFields,
  operationFields,
} from "../../ring/operation-record.ts";
import { ByteMap } from "../../trace/byte-map.ts";
import type { TraceStream } from "../../trace/trace-stream.ts";
import type { WarmupFeedPlan } from "../feed-plan.ts";
import type { RunOrders } from "../run-orders.ts";
import { type ManifestBody, manifestOfRecord } from "./manifest-body.ts";
import type { OperationFeed } from "./operation-feed.ts";
import { recordRefusal } from "./record-refusal.ts";
import { spanOf } from "./span.ts";
import { TargetWriter } from "./target-writer.ts";
import { WarmupObjects } from "./warmup-objects.ts";

const SINGLE_REPOSITORY = "test_repo";
const NOTHING = Buffer.alloc(0);
/** Below it, content of different objects may be the same. */
const DISTINCT_BYTES_MIN = 4;
const BARRIER_LOOK_MS = 10;
/** Sequence numbers of pushes that belong to no URI count down from here. */
const NO_URI = 0xfffffff0;
const EMPTY_DIGEST = Buffer.from(emptyDescriptor.digest.slice("sha256:".length), "hex");

/** Tells whether an earlier, interrupted warm-up put a URI into a registry already. */
export type Finished = (uri: string, registry: number) => boolean;

export class WarmupSource {
  readonly objects: WarmupObjects;
  readonly #plan: WarmupFeedPlan;
  readonly #feed: OperationFeed;
  readonly #orders: RunOrders;
  readonly #targets: TargetWriter;
  /** Content keys in order of appearance, where several URIs may share one. */
  readonly #contents = new ByteMap();
  /** For each content: the repository and seq of the first push. */
  readonly #firsts: { repository: string; seq: number }[] = [];
  readonly #digests = new Map<number, Buffer>();
  readonly counts = {
    already: 0,
    bytes: 0,
    manifestFloor: 0,
    indistinct: 0,
    unaddressable: 0,
    oversized: 0,
  };

  constructor(plan: WarmupFeedPlan, feed: OperationFeed, orders: RunOrders) {
    this.#plan = plan;
    this.#feed = feed;
    this.#orders = orders;
    this.#targets = new TargetWriter(plan.endpoints);
    this.objects = new WarmupObjects({ collectLayers: this.#realManifests });
  }

  get #realManifests(): boolean {
    return this.#plan.manifests === "manifest";
  }

  /** Reads the whole trace: sizes and layers of an object may follow long after its first record. False when told to stop. */
  collect(stream: TraceStream): boolean {
    const { view } = stream;
    while (stream.next()) {
      if (this.#orders.stopped()) return false;
      if (view.nameAt < 0 || view.kind > Kind.manifest) continue;
      const refusal = recordRefusal(view, this.#plan);
      if (refusal !== undefined) this.counts[refusal]++;
      else if (view.method !== Op.PUT) this.objects.add(view);
      else if (view.kind === Kind.manifest) this.objects.addManifestPut(view);
    }
    return true;
  }

  /** Feeds everything. False when the run was told to stop on the way. */
  feed(finished: Finished): boolean {
    this.#countAlready(finished);
    for (let number = 0; number < this.objects.count; number++) {
      if (this.#realManifests && this.objects.isManifest(number)) continue;
      if (!this.#feedOne(number, finished)) return false;
    }
    if (!this.#realManifests) return true;
    if (!this.#feedConfigs() || !this.#waitForBlobs()) return false;
    for (let number = 0; number < this.objects.count; number++) {
      if (this.objects.isManifest(number) && !this.#feedOne(number, finished)) return false;
    }
    return true;
  }

  /** All of them, before anything is fed: an interrupt may come before their turn. */
  #countAlready(finished: Finished): void {
    if (this.#plan.finished.length === 0) return;
    for (let number = 0; number < this.objects.count; number++) {
      const uri = this.objects.uriOf(number);
      for (const registry of this.#plan.registries)
        if (finished(uri, registry)) this.counts.already++;
    }
  }

  #feedOne(number: number, finished: Finished): boolean {
    const uri = this.objects.uriOf(number);
    const manifest = this.#realManifests && this.objects.isManifest(number);
    return this.#plan.registries.every((registry) => {
      if (finished(uri, registry)) return true;
      const push = { number, uri, registry };
      return manifest ? this.#feedManifest(push) : this.#feedBlob(push);
    });
  }

  /** Unique for every push, and never that of a config. */
  #seqOf({ number, registry }: Push): number {
    return number * this.#plan.endpoints.length + registry;
  }

  #feedBlob(push: Push): boolean {
    const { number, uri, registry } = push;
    const size = this.objects.sizeOf(number);
    const key = this.#keyOf(number, uri);
    const repository = this.#repositoryOf(number);
    const fields = fieldsOf({ seq: this.#seqOf(push), kind: Kind.blob, size, registry });
    const mountFrom = this.#shareContent(fields, key, repository);
    if (mountFrom !== "") fields.flags |= Flag.mount;
    this.#targets.repositoryPath(fields.registry, spanOf(repository));
    this.counts.bytes += size;
    if (size < DISTINCT_BYTES_MIN) this.counts.indistinct++;
    return this.#emit(fields, uri, {
      digest: this.#digestOf(number),
      key: Buffer.from(mountFrom === "" ? key : `${mountFrom}\0${key}`),
      body: NOTHING,
    });
  }

  /**
   * Several URIs may name the same content: they keep their order, so that nothing is sent twice. Returns the repository
   * that the blob can be mounted from, if it is another one.
   */
  #shareContent(fields: OperationFields, key: string, repository: string): string {
    if (this.#plan.identity === "uri") return "";
    const bytes = Buffer.from(`${key}\0${fields.size}\0${fields.registry}`);
    const content = this.#contents.add(bytes, 0, bytes.length);
    fields.session = content;
    const first = this.#firsts[content];
    if (first === undefined) {
      this.#firsts[content] = { repository, seq: fields.seq };
      return "";
    }
    fields.after = first.seq + 1;
    return first.repository === repository ? "" : first.repository;
  }

  /** Every manifest names the empty descriptor as its config: each repository needs it. It is no object of the trace. */
  #feedConfigs(): boolean {
    const single = this.#plan.repository === "single";
    const names = single ? [SINGLE_REPOSITORY] : [...this.objects.manifestNames];
    const body = Buffer.from(emptyDescriptor.content);
    const places = names.flatMap((name) =>
      this.#plan.registries.map((registry) => ({ name, registry })),
    );
    return places.every(({ name, registry }, index) => {
      const fields = fieldsOf({
        seq: NO_URI - index,
        kind: Kind.blob,
        size: body.length,
        registry,
      });
      fields.flags = Flag.bodyInRecord;
      this.#targets.repositoryPath(fields.registry, spanOf(name));
      return this.#emit(fields, "", { digest: EMPTY_DIGEST, key: NOTHING, body });
    });
  }

  #feedManifest(push: Push): boolean {
    const { number, uri, registry } = push;
    const manifest = this.#manifestOf(number, uri);
    if (manifest.floor) this.counts.manifestFloor++;
    const repository = spanOf(this.#repositoryOf(number));
    const traced = this.objects.refOf(number);
    const byDigest = this.#plan.repository === "single" || traced.includes(":");
    const reference = byDigest ? `sha256:${manifest.digest.toString("hex")}` : traced;
    const size = manifest.bytes.length;
    const fields = fieldsOf({ seq: this.#seqOf(push), kind: Kind.manifest, size, registry });
    fields.flags = Flag.bodyInRecord;
    this.#targets.manifestPath(fields.registry, repository, spanOf(reference));
    this.counts.bytes += manifest.bytes.length;
    return this.#emit(fields, uri, { digest: manifest.digest, key: NOTHING, body: manifest.bytes });
  }

  #manifestOf(number: number, uri: string): ManifestBody {
    return manifestOfRecord({
      seed: this.#plan.seed,
      key: this.#keyOf(number, uri),
      size: this.objects.sizeOf(number),
      layers: this.objects.layersOf(number).map((layer) => ({
        digest: this.#digestOf(layer),
        size: this.objects.sizeOf(layer),
      })),
    });
  }

  #digestOf(number: number): Buffer {
    const known = this.#digests.get(number);
    if (known !== undefined) return known;
    const { seed, random } = this.#plan;
    const key = this.#keyOf(number, this.objects.uriOf(number));
    const digest = contentDigest({ seed, key, size: this.objects.sizeOf(number), random });
    // Manifests name their blobs again: only then is it worth keeping.
    if (this.#realManifests) this.#digests.set(number, digest);
    return digest;
  }

  #keyOf(number: number, uri: string): string {
    return this.#plan.identity === "uri" ? uri : this.objects.refOf(number);
  }

  #repositoryOf(number: number): string {
    return this.#plan.repository === "single" ? SINGLE_REPOSITORY : this.objects.nameOf(number);
  }

  #emit(
    fields: OperationFields,
    uri: string,
    { digest, key, body }: { digest: Buffer; key: Buffer; body: Buffer },
  ): boolean {
    // The size stands before the URI, for the list of failures.
    const row = Buffer.from(`${fields.size} ${uri}`);
    const lane = fields.session === NO_SESSION ? fields.seq : fields.session;
    const emitted = this.#feed.emit(lane % this.#plan.threads, fields, {
      digest,
      target: this.#targets.bytes,
      targetBytes: this.#targets.length,
      row,
      rowBytes: row.length,
      key,
      keyBytes: key.length,
      body,
      bodyBytes: body.length,
    });
    // Nothing is due in a warm-up: what has its digest is sent while the next digest is made.
    this.#feed.publish();
    return emitted;
  }

  #waitForBlobs(): boolean {
    this.#feed.publish();
    while (this.#orders.landed() < this.#feed.emitted) {
      if (this.#orders.stopped()) return false;
      this.#orders.pause(BARRIER_LOOK_MS);
    }
    return true;
  }
}

/** An object on its way into one registry. */
type Push = { readonly number: number; readonly uri: string; readonly registry: number };

const fieldsOf = (
  own: Pick<OperationFields, "seq" | "kind" | "size" | "registry">,
): OperationFields => operationFields({ op: Op.PUSH, ...own });
