// A session's stream as lines of JSON, the same as the HTTP adapter sends: controls, image, then what is played.
//
//   asked --------> notice "sync" --------> image complete --------> live
//   nothing of it   controls are told,      held lines follow
//   is told         what is played is held
import type { Msg } from "@nats-io/nats-core";
import type { PathFilter } from "../../archive/event.ts";
import { micros } from "../../core/units.ts";
import { itemText, type StreamItem } from "../session/stream-item.ts";
import { MessageGroups } from "./message-groups.ts";
import type { OneSessionSubjects } from "./session-subjects.ts";

export type StreamLinesOptions = {
  readonly subjects: OneSessionSubjects;
  /** Where the image was asked to. */
  readonly inbox: string;
  readonly filter: PathFilter | undefined;
  readonly onLine: (line: string) => void;
  /** No line follows. */
  readonly onEnd: () => void;
};

type ImageItem = Extract<StreamItem, { type: "image" }>;

type Notice = {
  readonly type: string;
  readonly to?: string;
  readonly images?: number;
  readonly controls?: Readonly<Record<string, unknown>>;
};

export class StreamLines {
  readonly inbox: string;
  readonly #options: StreamLinesOptions;
  readonly #live = new MessageGroups();
  readonly #shown = new MessageGroups();
  readonly #held: string[] = [];
  #phase: "asked" | "shown" | "live" = "asked";
  #imagesWanted = 1;
  readonly #images: ImageItem[] = [];

  constructor(options: StreamLinesOptions) {
    this.#options = options;
    this.inbox = options.inbox;
  }

  /** A message on any subject of the session. */
  onMessage(message: Msg): void {
    const { subjects } = this.#options;
    if (message.subject === subjects.notice) this.#onNotice(textOf(message));
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
    const subject = message.headers?.get("Replay-Subject") ?? "";
    const item = this.#shown.add(message, this.#options.subjects.pathOf(subject));
    if (item === undefined) return refusalIn(message);
    if (item.type === "image") this.#images.push(item);
    this.#showImages();
    return undefined;
  }

  /** The connection was lost and is there again: whatever came meanwhile is missing, and the image is asked for anew. */
  startAnew(): void {
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

  #onNotice(text: string): void {
    const notice = JSON.parse(text) as Notice;
    if (notice.type === "sync") {
      if (notice.to === this.inbox) this.#onSync(notice);
      return;
    }
    if (this.#phase !== "asked") this.#line(text);
    if (notice.type === "end") this.#options.onEnd();
  }

  #onSync({ controls = {}, images = 1 }: Notice): void {
    this.#phase = "shown";
    this.#imagesWanted = images;
    for (const [name, value] of Object.entries(controls))
      this.#options.onLine(JSON.stringify({ type: "control", name, value }));
    this.#showImages();
  }

  #onControl(message: Msg): void {
    const name = message.headers?.get("Replay-Control");
    const value: unknown = JSON.parse(textOf(message));
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

const textOf = ({ data }: Msg): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");

function refusalIn(message: Msg): { error: string } | undefined {
  if (message.headers?.has("Replay-Batch")) return undefined;
  const { error } = JSON.parse(textOf(message)) as { error?: unknown };
  return typeof error === "string" ? { error } : undefined;
}
