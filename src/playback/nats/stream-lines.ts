// A session's stream as lines of JSON, the same as the HTTP adapter sends: controls, image, then what is played.
//
//   asked --------> notice "sync" --------> image complete --------> live
//   nothing of it   controls are told,      held lines follow
//   is told         what is played is held
import type { Msg } from "@nats-io/nats-core";
import type { PathFilter } from "../../archive/event.ts";
import { micros } from "../../core/units.ts";
import { valueBody } from "../session/request-text.ts";
import { itemText, type StreamItem } from "../session/stream-item.ts";
import { MessageGroups } from "./message-groups.ts";
import { objectIn } from "./message-object.ts";
import type { OneSessionSubjects } from "./session-subjects.ts";

export type StreamLinesOptions = {
  readonly subjects: OneSessionSubjects;
  /** Filter of all inboxes, which ends with `*`: each request for the image has one of its own. */
  readonly inboxes: string;
  readonly filter: PathFilter | undefined;
  readonly onLine: (line: string) => void;
  /** No line follows. */
  readonly onEnd: () => void;
};

type ImageItem = Extract<StreamItem, { type: "image" }>;

type Notice = {
  /** Missing where somebody else publishes there. */
  readonly type?: string;
  readonly to?: string;
  readonly images?: number;
  readonly controls?: Readonly<Record<string, unknown>>;
};

export class StreamLines {
  /** How many messages of images have come: while they do, the image is on its way. */
  imageMessages = 0;
  readonly #options: StreamLinesOptions;
  readonly #live = new MessageGroups();
  readonly #shown = new MessageGroups();
  readonly #held: string[] = [];
  #phase: "asked" | "shown" | "live" = "asked";
  #imagesWanted = 1;
  readonly #images: ImageItem[] = [];
  #asks = 0;

  constructor(options: StreamLinesOptions) {
    this.#options = options;
  }

  /** Where the image is to be asked to. */
  get inbox(): string {
    return this.inboxes.replace(/\*$/, String(this.#asks));
  }

  get inboxes(): string {
    return this.#options.inboxes;
  }

  /** Whether the image is still waited for, and with it all that is played. */
  get isWaiting(): boolean {
    return this.#phase !== "live";
  }

  /** A message on any subject of the session. */
  onMessage(message: Msg): void {
    const { subjects } = this.#options;
    if (message.subject === subjects.notice) this.#onNotice(message);
    else if (this.#phase === "asked") return;
    else if (message.headers?.has("Replay-Control")) this.#onControl(message);
    else {
      const path = subjects.pathOf(message.subject);
      if (path === undefined) return;
      const item = this.#live.add(message, path);
      if (item !== undefined) this.#tell(item);
    }
  }

  /** A message to the inbox: of the image that was asked for, or a refusal. */
  onImage(message: Msg): { error: string } | undefined {
    // An image that was asked for before may come late, and is not of that moment.
    if (message.subject !== this.inbox) return undefined;
    this.imageMessages++;
    const subject = message.headers?.get("Replay-Subject") ?? "";
    const item = this.#shown.add(message, this.#options.subjects.pathOf(subject));
    if (item === undefined) return refusalIn(message);
    if (item.type === "image") this.#images.push(item);
    this.#showImages();
    return undefined;
  }

  /** Something is missing, as behind a lost connection: the image is to be asked for anew. */
  startAnew(): void {
    this.#asks++;
    this.#live.clear();
    this.#shown.clear();
    this.#held.length = 0;
    this.#images.length = 0;
    this.#phase = "asked";
  }

  /** Shards send an image each, whose order says nothing: what they show is one image. */
  #showImages(): void {
    if (this.#phase !== "shown") return;
    const whole = this.#images.filter(isLastPart);
    if (whole.length < this.#imagesWanted) return;
    const items = this.#imagesWanted === 1 ? this.#images : [joined(this.#images)];
    for (const item of items) {
      const line = this.#lineOf(item);
      if (line !== undefined) this.#options.onLine(line);
    }
    this.#images.length = 0;
    this.#phase = "live";
    for (const line of this.#held.splice(0)) this.#options.onLine(line);
  }

  #onNotice(message: Msg): void {
    const notice = objectIn(message) as Notice | undefined;
    if (notice?.type === undefined) return;
    if (notice.type === "sync") {
      if (notice.to === this.inbox) this.#onSync(notice);
      return;
    }
    if (this.#phase !== "asked") this.#line(message.string());
    if (notice.type === "end") this.#options.onEnd();
  }

  #onSync({ controls = {}, images = 1 }: Notice): void {
    this.#phase = "shown";
    this.#imagesWanted = images;
    for (const [name, value] of Object.entries(controls))
      this.#options.onLine(JSON.stringify({ type: "control", name, value }));
    this.#showImages();
  }

  #onControl({ headers, data }: Msg): void {
    const name = headers?.get("Replay-Control");
    const value = valueBody(Buffer.from(data).toString("utf8"));
    this.#line(JSON.stringify({ type: "control", name, value }));
  }

  #tell(item: StreamItem): void {
    const line = this.#lineOf(item);
    if (line !== undefined) this.#line(line);
  }

  #lineOf(item: StreamItem): string | undefined {
    const { filter } = this.#options;
    if (filter === undefined || (item.type !== "batch" && item.type !== "image"))
      return itemText(item).toString();
    const events = item.events.filter(({ path }) => filter.matches(path));
    if (events.length === 0 && item.type === "batch") return undefined;
    return itemText({ ...item, events }).toString();
  }

  #line(line: string): void {
    if (this.#phase === "live") this.#options.onLine(line);
    else this.#held.push(line);
  }
}

const isLastPart = ({ part }: ImageItem): boolean =>
  part === undefined || part.index + 1 === part.count;

function joined(images: readonly ImageItem[]): ImageItem {
  const stamps = images.flatMap(({ stamp }) => (stamp === null ? [] : [stamp]));
  const stamp = stamps.length === 0 ? null : micros(Math.max(...stamps));
  return { type: "image", stamp, events: images.flatMap(({ events }) => events) };
}

function refusalIn(message: Msg): { error: string } | undefined {
  if (message.headers?.has("Replay-Batch")) return undefined;
  const { error } = (objectIn(message) ?? {}) as { error?: unknown };
  return typeof error === "string" ? { error } : undefined;
}
