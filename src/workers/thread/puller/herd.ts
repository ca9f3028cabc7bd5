// The clients of a herd on this thread: made ready, released at one instant, waited for.
import { Failure } from "../../../core/failure.ts";
import { ClassOf } from "../../pull-classes.ts";
import type { HerdClient } from "../../pull-messages.ts";
import { ImagePull, type PullOwner } from "./image-pull.ts";
import { ImageRequest, type RequestOwner } from "./image-request.ts";
import type { PullContext } from "./pull-context.ts";
import { PullerClient } from "./puller-client.ts";
import { PullerRecord } from "./puller-record.ts";

/** So long before the release the thread stops doing anything else and looks at the clock. */
const SPIN_NS = 2e6;

class Member implements PullOwner, RequestOwner {
  readonly client: PullerClient;
  readonly pull: ImagePull;
  readonly #herd: Herd;
  readonly #greeting: ImageRequest;
  readonly index: number;

  constructor(herd: Herd, context: PullContext, index: number) {
    this.#herd = herd;
    this.index = index;
    this.client = new PullerClient(context, { name: `herd-${index}`, index });
    this.pull = new ImagePull(this.client, this);
    this.#greeting = new ImageRequest(this.client, this);
  }

  /** Connects, and gets the token that the pull will need. */
  greet(repository: string): void {
    const { wanted } = this.#greeting;
    wanted.type = ClassOf.probe;
    wanted.head = this.client.context.heads.ping();
    wanted.repository = repository;
    wanted.accepts = "any";
    this.#greeting.begin();
  }

  begin(image: number): void {
    this.client.rows?.pullBegins(image);
    this.pull.begin(image, { prunes: false });
  }

  answered(): void {
    this.#herd.memberReady();
  }

  pullEnded(): void {
    this.client.rows?.pullEnded(this.pull);
    this.#herd.memberDone(this);
  }

  abort(): void {
    this.#greeting.abort(Failure.aborted, "cut off");
    this.pull.abort();
  }
}

export class Herd {
  readonly record: PullerRecord = new PullerRecord();
  readonly #context: PullContext;
  readonly #thread: number;
  readonly #threads: number;
  #members: Member[] = [];
  #waiting = 0;
  #image = 0;
  /** Told to end: what is released after that is cut off at once. */
  #isCut = false;
  #ready: () => void = () => {};
  #done: (clients: readonly HerdClient[]) => void = () => {};

  constructor(context: PullContext, thread: number) {
    this.#context = context;
    this.#thread = thread;
    this.#threads = context.plan.threads;
  }

  /** With `connected`, clients keep their connections from herd to herd; without, each herd has new ones. */
  prepare(
    { image, clients, connected }: { image: number; clients: number; connected: boolean },
    ready: () => void,
  ): void {
    this.#image = image;
    this.#ready = ready;
    if (!connected || this.#members.length !== clients) this.#renew(clients);
    this.#waiting = connected ? clients : 0;
    if (this.#waiting === 0) {
      ready();
      return;
    }
    const repository = this.#context.plan.images[image]?.repository ?? "";
    for (const member of this.#members) member.greet(repository);
  }

  #renew(clients: number): void {
    this.close();
    this.#members = Array.from(
      { length: clients },
      (_, index) => new Member(this, this.#context, index * this.#threads + this.#thread),
    );
  }

  memberReady(): void {
    if (--this.#waiting === 0) this.#ready();
  }

  /** All clients write their first request within one turn of the event loop. */
  release(at: number, done: (clients: readonly HerdClient[]) => void): void {
    this.#done = done;
    this.#waiting = this.#members.length;
    if (this.#waiting === 0) {
      done([]);
      return;
    }
    const { clock } = this.#context;
    setTimeout(
      () => {
        while (clock.now() < at);
        for (const member of this.#members) member.begin(this.#image);
        if (this.#isCut) this.abort();
      },
      Math.max(0, (at - clock.now() - SPIN_NS) / 1e6),
    );
  }

  memberDone({ pull, index }: Member): void {
    const { clock, news } = this.#context;
    if (pull.failed !== "aborted") this.record.count(this.#image, pull.failed === "");
    if (pull.failed !== "" && pull.failed !== "aborted")
      news.failed({
        at: clock.now(),
        puller: index,
        type: "pull-failed",
        image: this.#image,
        kind: pull.failed,
        message: pull.detail,
      });
    if (--this.#waiting > 0) return;
    this.#done(
      this.#members.map(({ pull: { sentAt, doneAt, failed } }) => ({ sentAt, doneAt, failed })),
    );
  }

  abort(): void {
    this.#isCut = true;
    for (const member of this.#members) member.abort();
  }

  close(): void {
    for (const { client } of this.#members) client.close();
    this.#members = [];
  }
}
