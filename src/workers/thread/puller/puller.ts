// A closed loop that stands for one client: pulls the images of its list one after the other, until it is told to stop.
//
//              begun        pull ends well    pull fails     list at its end     told to stop
//   probing    pulling      -                 resting        -                   ended
//   pulling    -            pulling           resting        pruning or pulling  ended, after the pull
//   resting    -            -                 -              -                   ended, at once
//   pruning    -            -                 -              pulling             ended, after the prune
//   ended      -            -                 -              -                   -
import { Failure } from "../../../core/failure.ts";
import { type Random, random, shuffle } from "../../../core/random.ts";
import { BoardWord } from "../../pull-board.ts";
import { ClassOf } from "../../pull-classes.ts";
import type { Passes } from "../../pull-messages.ts";
import { failureKind } from "./failure-kind.ts";
import { ImagePull, type PullOwner } from "./image-pull.ts";
import { ImageRequest, type RequestOwner } from "./image-request.ts";
import type { PullContext } from "./pull-context.ts";
import { PullStamps } from "./pull-stamps.ts";
import { PullerClient } from "./puller-client.ts";
import type { PullerRecord } from "./puller-record.ts";

const DRY_PAUSE_MS = 100;
const PRUNE_MS_MAX = 10_000;

export type PullerOrder = {
  readonly index: number;
  readonly passes: Passes;
  readonly prune: boolean;
  readonly record: PullerRecord;
  readonly ended: (puller: Puller, exhausted: boolean) => void;
  readonly noPruneEndpoint: (status: number) => void;
};

export class Puller implements PullOwner, RequestOwner {
  readonly index: number;
  readonly #context: PullContext;
  readonly #order: PullerOrder;
  readonly #client: PullerClient;
  readonly #pull: ImagePull;
  readonly #aside: ImageRequest;
  readonly #images: number[];
  readonly #random: Random;
  readonly #stamps = new PullStamps();
  #at = 0;
  #state: "probing" | "pulling" | "resting" | "pruning" | "ended" = "probing";
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs: number;
  #troubled = false;

  constructor(context: PullContext, order: PullerOrder) {
    const { plan } = context;
    this.index = order.index;
    this.#context = context;
    this.#order = order;
    this.#client = new PullerClient(context, { name: String(order.index), index: order.index });
    this.#pull = new ImagePull(this.#client, this);
    this.#aside = new ImageRequest(this.#client, this);
    this.#images = [...(plan.lists[order.index] ?? [])];
    this.#random = random(`${plan.seed}/shuffle/${order.index}`);
    this.#backoffMs = plan.errorBackoff.minMs;
    if (order.passes === "remainder") this.#at = order.record.position;
  }

  start(): void {
    this.#tell("starting");
    const { dryRun, probe } = this.#context.plan;
    if (dryRun || probe === "none" || this.#at >= this.#images.length) this.#next();
    else this.#probe(probe);
  }

  #tell(type: "starting" | "stopping" | "resumed"): void {
    this.#context.news.tell({ at: this.#context.clock.now(), puller: this.index, type });
  }

  /** Looked at between images. A pause ends at once. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#pull.hurry();
    this.#aside.hurry();
    if (this.#state !== "resting") return;
    clearTimeout(this.#timer);
    this.#end(false);
  }

  /** Cuts off what is under way. */
  abort(): void {
    this.stop();
    if (this.#state === "ended") return;
    this.#pull.abort();
    this.#aside.abort(Failure.aborted, "cut off at the end of the run");
  }

  #probe(kind: "head" | "ping"): void {
    this.#state = "probing";
    const { heads, plan } = this.#context;
    const image = plan.images[this.#images[this.#at] as number];
    if (image === undefined) throw new Error("a list names images of the plan");
    const isHead = kind === "head";
    this.#askAside({
      type: ClassOf.probe,
      head: isHead ? heads.byTag("HEAD", image) : heads.ping(),
      method: isHead ? "HEAD" : "GET",
      repository: image.repository,
    });
  }

  #askAside({
    type,
    head,
    method,
    repository,
  }: {
    type: number;
    head: Buffer;
    method: "GET" | "HEAD" | "DELETE";
    repository: string;
  }): void {
    const { wanted } = this.#aside;
    wanted.type = type;
    wanted.head = head;
    wanted.method = method;
    wanted.repository = repository;
    wanted.accepts = type === ClassOf.prune ? "success" : "any";
    this.#aside.begin();
  }

  answered(request: ImageRequest): void {
    if (this.#state === "probing") this.#probed(request);
    else this.#pruned(request);
  }

  /** Whatever it answers will do, but for a refusal to let us in. */
  #probed({ failure, status, detail, special }: ImageRequest): void {
    const isRefused = status === 401 || status === 403;
    if (failure === Failure.none && !isRefused) {
      this.#next();
      return;
    }
    if (failure === Failure.aborted) {
      this.#end(false);
      return;
    }
    const { clock, news } = this.#context;
    news.failed({
      at: clock.now(),
      puller: this.index,
      type: "probe-failed",
      image: this.#images[this.#at] as number,
      kind: isRefused ? "auth" : failureKind({ failure, status, special }),
      message: isRefused && detail === "" ? `status ${status}` : detail,
    });
    const { probe } = this.#context.plan;
    this.#rest(() => this.#probe(probe === "ping" ? "ping" : "head"));
  }

  #next(): void {
    if (this.#stopped) this.#end(false);
    else if (this.#at < this.#images.length) this.#pullNext(this.#images[this.#at++] as number);
    else if (this.#order.passes !== "endless") this.#end(true);
    else this.#passDone();
  }

  #pullNext(image: number): void {
    this.#state = "pulling";
    this.#order.record.position = this.#at;
    this.#client.rows?.pullBegins(image);
    if (this.#context.plan.dryRun) this.#pretend(image);
    else this.#pull.begin(image, { prunes: this.#order.prune });
  }

  pullEnded(pull: ImagePull): void {
    const { image, failed, detail } = pull;
    const { record } = this.#order;
    this.#client.rows?.pullEnded(pull);
    if (failed === "aborted") {
      this.#end(false);
      return;
    }
    record.count(image, failed === "");
    if (failed === "") {
      if (this.#troubled) this.#tell("resumed");
      this.#troubled = false;
      this.#backoffMs = this.#context.plan.errorBackoff.minMs;
      this.#next();
      return;
    }
    const { clock, news } = this.#context;
    news.failed({
      at: clock.now(),
      puller: this.index,
      type: "pull-failed",
      image,
      kind: failed,
      message: detail,
    });
    this.#rest(() => this.#next());
  }

  /** Backs off: twice as long each time, until a pull succeeds. */
  #rest(then: () => void): void {
    if (this.#stopped) {
      this.#end(false);
      return;
    }
    const { clock, news, plan } = this.#context;
    const ms = this.#backoffMs;
    this.#troubled = true;
    this.#state = "resting";
    this.#backoffMs = Math.min(plan.errorBackoff.maxMs, ms * 2);
    news.tell({ at: clock.now(), puller: this.index, type: "backing-off", ms });
    this.#timer = setTimeout(then, ms);
  }

  #passDone(): void {
    this.#at = 0;
    this.#context.board.add(BoardWord.passes, 1);
    const { dryRun, pruneExpressions, shuffle: shuffles } = this.#context.plan;
    if (shuffles) shuffle(this.#images, this.#random);
    if (!this.#order.prune || dryRun) {
      this.#next();
      return;
    }
    this.#state = "pruning";
    const head = this.#context.heads.prune(pruneExpressions[this.index] ?? "");
    this.#timer = setTimeout(this.#pruneOverdue, PRUNE_MS_MAX);
    this.#askAside({ type: ClassOf.prune, head, method: "DELETE", repository: "" });
  }

  readonly #pruneOverdue = (): void =>
    this.#aside.abort(Failure["timeout:total"], `no answer within ${PRUNE_MS_MAX / 1000} s`);

  #pruned({ failure, status, detail, special }: ImageRequest): void {
    clearTimeout(this.#timer);
    if (failure === Failure.aborted) {
      this.#end(false);
      return;
    }
    this.#context.board.add(BoardWord.prunes, 1);
    if (failure === Failure.none) {
      this.#next();
      return;
    }
    if (status === 404 || status === 405) {
      this.#order.noPruneEndpoint(status);
      this.#end(false);
      return;
    }
    const kind = failureKind({ failure, status, special });
    const { clock, news } = this.#context;
    news.failed({
      at: clock.now(),
      puller: this.index,
      type: "prune-failed",
      kind,
      message: detail,
    });
    this.#rest(() => this.#next());
  }

  /** Dry run: a pause that counts as a pull. */
  #pretend(image: number): void {
    const { clock, board, pulledBefore } = this.#context;
    const isFirst = Atomics.exchange(pulledBefore, image, 1) === 0;
    const from = clock.now();
    board.change(1, from);
    this.#timer = setTimeout(() => {
      this.#recordPretended(from, isFirst);
      this.#order.record.count(image, true);
      this.#next();
    }, DRY_PAUSE_MS);
  }

  #recordPretended(from: number, isFirst: boolean): void {
    const { clock, board } = this.#context;
    const doneAt = clock.now();
    board.change(-1, doneAt);
    const type = isFirst ? ClassOf["pull-first"] : ClassOf["pull-repeat"];
    this.#stamps.fill(Number.NaN, { sentAt: from, firstByteAt: Number.NaN, doneAt }, 0);
    this.#stamps.record(this.#context, type, { failure: Failure.none, status: 0 });
  }

  #end(exhausted: boolean): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    clearTimeout(this.#timer);
    this.#tell("stopping");
    this.#client.close();
    this.#order.ended(this, exhausted);
  }
}
