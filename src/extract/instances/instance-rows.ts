// Rows of the statement → rows of the trace. Runs once per row, ten million times in a large trace: one object is filled
// again and again. Guarded by perf/extract-stream.bench.ts.
import { readDatabaseTime } from "../event-time.ts";
import type { InstanceEvent } from "../nova-event.ts";
import type { RowSink } from "../row-sink.ts";
import type { Cell, Row, RowTaker } from "./database.ts";
import { Column } from "./instance-query.ts";
import type { SeenEvents } from "./seen-events.ts";

export type RowRules = {
  /** Rows whose finish_time is NULL. */
  readonly includeUnfinished: boolean;
  /** A value that cannot be read ends the run. */
  readonly onUnreadable: (column: string) => void;
};

export class InstanceRows implements RowTaker {
  readonly #sink: RowSink<InstanceEvent>;
  readonly #rules: RowRules;
  readonly #event: InstanceEvent = emptyEvent();
  /** Of the schema at hand; `undefined`: nothing can come twice. */
  seen: SeenEvents | undefined;
  /** Number of the one being read, from 1. */
  statement = 0;
  read = 0;
  unfinished = 0;
  doubled = 0;
  unreadable = 0;

  constructor(sink: RowSink<InstanceEvent>, rules: RowRules) {
    this.#sink = sink;
    this.#rules = rules;
  }

  take(row: Row): boolean {
    this.read++;
    const finish = time(row[Column.finish]);
    if (finish === null && !this.#rules.includeUnfinished) {
      this.unfinished++;
      return true;
    }
    const start = time(row[Column.start]);
    const created = time(row[Column.created]);
    if (Number.isNaN(finish) || Number.isNaN(start) || Number.isNaN(created)) {
      this.unreadable++;
      this.#rules.onUnreadable(
        Number.isNaN(finish) ? "finish_time" : Number.isNaN(start) ? "start_time" : "created_at",
      );
      return true;
    }
    const eventId = Number(row[Column.eventId]);
    if (this.seen?.add(eventId) === false) {
      this.doubled++;
      return true;
    }
    const event = this.#event;
    event.uuid = text(row[Column.uuid]);
    event.event = text(row[Column.event]);
    event.start = start;
    event.finish = finish;
    event.result = text(row[Column.result]);
    event.memoryMb = whole(row[Column.memoryMb]);
    event.rootGb = whole(row[Column.rootGb]);
    event.vcpus = whole(row[Column.vcpus]);
    event.name = text(row[Column.name]);
    event.user = text(row[Column.user]);
    event.project = text(row[Column.project]);
    event.host = text(row[Column.host]);
    event.created = created;
    event.actionId = Number(row[Column.actionId]);
    event.eventId = eventId;
    event.instanceId = Number(row[Column.instanceId]);
    event.statement = this.statement;
    return this.#sink.write(event);
  }

  drained(): Promise<void> {
    return this.#sink.drained();
  }
}

/** Columns of a binary character set come as bytes. */
function text(value: Cell | undefined): string | null {
  if (typeof value === "string" || value === null || value === undefined) return value ?? null;
  return value.toString();
}

const time = (value: Cell | undefined): number | null => readDatabaseTime(text(value));

const whole = (value: Cell | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);

const emptyEvent = (): InstanceEvent => ({
  uuid: null,
  event: null,
  start: null,
  finish: null,
  result: null,
  memoryMb: null,
  rootGb: null,
  vcpus: null,
  name: null,
  user: null,
  project: null,
  host: null,
  created: null,
  actionId: 0,
  eventId: 0,
  instanceId: 0,
  statement: 0,
});
