// A session host over an archive in memory, with time that the test moves by hand: what sessions do, and when, without waiting.
import { micros, millis } from "../../../src/core/units.ts";
import type { StreamSink } from "../../../src/playback/session/attachment.ts";
import type { Session } from "../../../src/playback/session/session.ts";
import {
  SessionHost,
  type SessionHostOptions,
} from "../../../src/playback/session/session-host.ts";
import { itemText, type StreamItem } from "../../../src/playback/session/stream-item.ts";
import { FakeArchive, valueEvent } from "../../fakes/fake-archive.ts";
import { ManualWakeClock } from "../../fakes/manual-wake-clock.ts";

/** 2026-01-01T00:00:00Z. */
export const START = 1_767_225_600_000_000;
const S = 1e6;
export const NS = 1e9;
/** What the system's clock shows when a test begins: an hour after START. */
const NOW = START + 3600 * S;

export const at = (seconds: number): string =>
  new Date(START / 1000 + seconds * 1000).toISOString().replace("Z", "000Z");

/** Keeps what a stream was sent. `queued` is what a test says the network has not taken. */
export class KeepingSink implements StreamSink {
  readonly items: StreamItem[] = [];
  behind = 0;
  end: { how: string } | undefined;

  send(item: StreamItem): void {
    this.items.push(item);
  }

  queued(): number {
    return this.behind;
  }

  close(last: StreamItem | undefined, how: "flush" | "drop"): void {
    if (last !== undefined) this.items.push(last);
    this.end = { how };
  }

  /** Items as an adapter shows them. */
  get shown(): Record<string, unknown>[] {
    return this.items.map((item) => JSON.parse(itemText(item).toString()));
  }

  /** Seconds after START of the batches that came. */
  get batches(): number[] {
    return this.items.flatMap((item) => (item.type === "batch" ? [(item.stamp - START) / S] : []));
  }

  get images(): Extract<StreamItem, { type: "image" }>[] {
    return this.items.filter((item) => item.type === "image");
  }

  /** Values that a control was told to have. */
  told(name: string): unknown[] {
    return this.items.flatMap((item) =>
      item.type === "control" && item.name === name ? [item.value] : [],
    );
  }
}

export class Stage {
  readonly archive = new FakeArchive();
  readonly wake = new ManualWakeClock();
  readonly logged: string[] = [];
  readonly host: SessionHost;

  constructor(options: Partial<SessionHostOptions> = {}) {
    this.host = new SessionHost({
      archive: this.archive,
      wake: this.wake,
      wall: () => micros(NOW + Math.floor(this.wake.now() / 1000)),
      maxSessions: 512,
      maxSessionsPerClient: 64,
      gcInterval: millis(30_000),
      streamBufferBytes: 8 << 20,
      log: (sentence) => this.logged.push(sentence),
      ...options,
    });
  }

  /** Records a batch so many seconds after START with one value of `/a`, or with these. */
  record(seconds: number, ...paths: string[]): void {
    const events = (paths.length === 0 ? ["/a"] : paths).map((path) =>
      valueEvent(path, `${seconds}`),
    );
    this.archive.append(START + seconds * S, events);
  }

  async session(given: unknown = null, client = "test"): Promise<Session> {
    const session = await this.host.create(given, client);
    await this.settle();
    return session;
  }

  /** A session with a stream that has seen the controls and the image. */
  async attached(given: unknown = null): Promise<{ session: Session; sink: KeepingSink }> {
    const session = await this.session(given);
    const sink = new KeepingSink();
    session.attach(sink);
    await this.settle();
    return { session, sink };
  }

  /** Lets promises and turns of the event loop that are ready run. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves the clock by so many seconds, ringing on the way. */
  async pass(seconds: number): Promise<void> {
    await this.wake.advance(seconds * NS);
    await this.settle();
  }
}
