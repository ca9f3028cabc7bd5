// One blob on its way from an upstream into the cache. Whoever started it may read along; others wait for its end.
//
//   ask --refused----------------------------> done: refused
//    |--opened, no room, leader takes over---> done: passing     (the leader reads on, nothing is kept)
//    |--opened, no room----------------------> done: passing
//    '--opened, room taken--> receiving -----> done: stored
//                                 |----------> done: refused     (broke off, wrong digest, too long: room given back)
import { createHash } from "node:crypto";
import { type DigestAlgorithm, finishedDigest } from "../digest.ts";
import type { RegistryObject } from "../registry-object.ts";
import type { Reply } from "../reply.ts";
import { GrowingBody } from "./growing-body.ts";
import type { PullThroughCache } from "./pull-through-cache.ts";
import type { ThroughTarget } from "./through-target.ts";
import type { Upstream, UpstreamBody } from "./upstream.ts";
import { UpstreamError } from "./upstream-trouble.ts";

export type BlobOutcome =
  | { readonly kind: "stored"; readonly object: RegistryObject }
  | { readonly kind: "refused"; readonly reply: Reply }
  /** It fits into no cache: everybody fetches for himself. */
  | { readonly kind: "passing" };

/** What the leader can answer with before the end: a body that grows, or one that nobody keeps. */
export type BlobStart =
  | { readonly kind: "growing"; readonly body: GrowingBody; readonly size: number }
  | { readonly kind: "passing"; readonly body: UpstreamBody }
  | { readonly kind: "wait" };

export type BlobFetchParts = {
  readonly target: ThroughTarget;
  readonly algorithm: DigestAlgorithm;
  readonly cache: PullThroughCache;
  /** The leader reads what does not fit; otherwise it is hung up on. */
  readonly takesOver: boolean;
  /** Called when nobody should join any more. */
  readonly onEnd: () => void;
};

export class BlobFetch {
  readonly started: Promise<BlobStart>;
  readonly done: Promise<BlobOutcome>;
  readonly #parts: BlobFetchParts;
  readonly #started = Promise.withResolvers<BlobStart>();
  #interested = 0;
  #body: UpstreamBody | undefined;

  constructor(parts: BlobFetchParts) {
    this.#parts = parts;
    this.started = this.#started.promise;
    this.done = this.#run();
  }

  enter(): void {
    this.#interested++;
  }

  /** The last one to leave before the end ends it: nobody is left to want the rest. */
  leave(): void {
    this.#interested--;
    if (this.#interested > 0) return;
    this.#parts.onEnd();
    this.#body?.discard();
  }

  async #run(): Promise<BlobOutcome> {
    try {
      return await this.#fetch();
    } finally {
      this.#parts.onEnd();
      this.#started.resolve({ kind: "wait" });
    }
  }

  async #fetch(): Promise<BlobOutcome> {
    const { target, cache, takesOver } = this.#parts;
    const answer = await askForBlob(target);
    if (answer.kind === "refused") return answer;
    const { body } = answer;
    const size = body.size;
    if (size !== undefined && !cache.reserve(size)) {
      this.#parts.onEnd();
      if (takesOver) this.#started.resolve({ kind: "passing", body });
      else body.discard();
      return { kind: "passing" };
    }
    this.#body = body;
    return await this.#receive(body, size);
  }

  async #receive(body: UpstreamBody, announced: number | undefined): Promise<BlobOutcome> {
    const { target, cache } = this.#parts;
    const growing = new GrowingBody();
    if (announced !== undefined) {
      this.#started.resolve({ kind: "growing", body: growing, size: announced });
    }
    const room = { reserved: announced ?? 0 };
    try {
      await this.#fill(growing, body, { announced, room });
      const object = cache.keepBlob(target.key, target.reference, growing.complete());
      this.#body = undefined;
      return { kind: "stored", object };
    } catch (error) {
      cache.unreserve(room.reserved);
      growing.break();
      return { kind: "refused", reply: target.upstream.replyTo(error) };
    }
  }

  async #fill(
    growing: GrowingBody,
    body: UpstreamBody,
    { announced, room }: { announced: number | undefined; room: { reserved: number } },
  ): Promise<void> {
    const { algorithm, cache, target } = this.#parts;
    const hash = createHash(algorithm);
    let size = 0;
    for await (const chunk of body.chunks()) {
      size += chunk.length;
      // Without an announced length room is taken piece by piece.
      if (announced === undefined) {
        if (!cache.reserve(chunk.length)) throw new UpstreamError("protocol", noRoom);
        room.reserved = size;
      }
      hash.update(chunk);
      growing.append(chunk);
    }
    if (announced !== undefined && size !== announced) {
      throw new UpstreamError("truncated", `the upstream sent ${size} of ${announced} bytes`);
    }
    if (finishedDigest(hash, algorithm) !== target.reference) {
      throw new UpstreamError("digest", "the upstream's bytes do not have this digest");
    }
  }
}

const noRoom = "the upstream announces no length, and its blob does not fit into the cache";

/** GET of a blob, with a Range where the client wants a part of what cannot be kept. */
export function askForBlob(
  { upstream, name, reference }: ThroughTarget,
  range?: string,
): ReturnType<Upstream["ask"]> {
  return upstream.ask({
    method: "GET",
    type: "blob",
    target: `/v2/${name}/blobs/${reference}`,
    scope: `repository:${name}:pull`,
    headers: range === undefined ? {} : { range },
  });
}
