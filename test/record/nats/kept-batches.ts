import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { ArchiveEvent } from "../../../src/archive/event.ts";
import { compileGlob } from "../../../src/archive/glob.ts";
import { micros } from "../../../src/core/units.ts";
import type { BatchSink, Loss } from "../../../src/record/batch-sink.ts";
import type { NatsOptions } from "../../../src/record/nats/nats-options.ts";
import { NatsSource } from "../../../src/record/nats/nats-source.ts";
import { SubjectChoice } from "../../../src/record/subjects/subject-choice.ts";
import {
  type NatsServer,
  type NatsServerOptions,
  needsNatsServer,
  startNatsServer,
} from "../../fakes/nats-server.ts";

/** What a source offered, for tests to look at. */
export class Kept implements BatchSink {
  readonly batches: (readonly ArchiveEvent[])[] = [];
  readonly losses: Loss[] = [];
  readonly lostBatches = 0;

  offer(events: readonly ArchiveEvent[]): undefined {
    this.batches.push(events);
  }

  lost(loss: Loss): void {
    this.losses.push(loss);
  }

  get events(): readonly ArchiveEvent[] {
    return this.batches.flat();
  }

  get texts(): readonly string[] {
    return this.events.map(textOf);
  }
}

export function textOf(event: ArchiveEvent): string {
  const has = "value" in event ? `=${Buffer.from(event.value).toString()}` : ` ${event.kind}`;
  return `${event.path}${has}`;
}

export const now = () => micros(Date.now() * 1000);

type Given = {
  readonly specs?: readonly string[];
  readonly nats?: Partial<NatsOptions>;
  readonly heldBytesMax?: number;
};

export async function startSource(
  url: string,
  sink: BatchSink,
  { specs = ["/**"], nats = {}, ...limits }: Given = {},
) {
  const notices: string[] = [];
  const source = await NatsSource.start({
    nats: { servers: [url], credentials: null, tls: null, ...nats },
    choice: new SubjectChoice({ globs: specs.map(compileGlob) }),
    sink,
    ...limits,
    now,
    onNotice: (sentence) => notices.push(sentence),
  });
  return { source, notices };
}

export async function natsServer(
  t: TestContext,
  options?: NatsServerOptions,
): Promise<NatsServer | undefined> {
  const started = await startNatsServer(options);
  if (started === undefined) t.skip(needsNatsServer);
  else t.after(() => started.stop());
  return started;
}

export async function publisher(t: TestContext, url: string): Promise<NatsConnection> {
  const connection = await connect({ servers: url, reconnect: true, maxReconnectAttempts: -1 });
  t.after(() => connection.close());
  return connection;
}

export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let n = 0; n < 1_500; n++) {
    if (holds()) return;
    await sleep(10);
  }
  assert.fail(`waited in vain for ${what}`);
}
