// The live view of a run on a terminal: four frames a second from the tallies, and keys that steer it.
import type { ReadStream } from "node:tty";
import { nanos } from "../../core/units.ts";
import { frameLines } from "../../report/live/frame.ts";
import { LiveMeter } from "../../report/live/live-meter.ts";
import type { LiveState } from "../../report/live/live-state.ts";
import { type Paint, paintFor } from "../../report/text-table.ts";
import type { SeriesPoint } from "../../report/timeseries.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import type { EngineStart } from "../../workers/engine.ts";
import type { Terminal } from "../command.ts";
import { readingLine } from "./plain-view.ts";
import { RunCourse } from "./run-course.ts";
import type { RunView, ViewedEngine, ViewedRun } from "./run-view.ts";
import { Screen } from "./screen.ts";

const FRAME_MS = 250;
const SECOND_NS = 1e9;
/** Where `+` and `-` go. */
const SPEEDS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 50, 100];

const keys: LiveState["keys"] = [
  ["p", "pause"],
  ["+ -", "speed"],
  ["s", "snapshot"],
  ["q", "drain"],
];
const unpacedKeys = keys.filter(([, does]) => does !== "speed");
const rampKeys = unpacedKeys.filter(([, does]) => does !== "pause");

type Running = { readonly reader: TallyReader; readonly whole: TallyReader };

export class LiveView implements RunView {
  readonly #run: ViewedRun;
  readonly #terminal: Terminal;
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #unicode: boolean;
  readonly #course = new RunCourse();
  readonly #meter: LiveMeter;
  #running: Running | undefined;
  #last = 0;
  #judgedAt = Number.NEGATIVE_INFINITY;
  #health: LiveState["health"] = null;
  #point: SeriesPoint | undefined;
  #gauges = { inFlight: 0, waiting: 0 };
  #mood: "running" | "draining" | "stopping" = "running";
  #notes: string[] = [];
  #reading: string | undefined;
  readonly #since = performance.now();
  #readAt = Number.NEGATIVE_INFINITY;
  readonly #timer: NodeJS.Timeout;

  constructor(run: ViewedRun, terminal: Terminal, input: ReadStream) {
    this.#run = run;
    this.#terminal = terminal;
    this.#paint = paintFor(terminal.env, true);
    this.#unicode = /utf-?8/i.test(
      terminal.env.LC_ALL || terminal.env.LC_CTYPE || terminal.env.LANG || "",
    );
    this.#meter = new LiveMeter(run.paced ? "response" : "service", run.ramp?.whole);
    this.#screen = new Screen(terminal.err, input, {
      key: (key) => this.#key(key),
      redraw: () => this.#draw(),
    });
    this.#screen.open();
    this.#timer = setInterval(() => this.#tick(), FRAME_MS);
  }

  say(line: string): void {
    this.#screen.above(() => this.#terminal.err.write(`${line}\n`));
  }

  above(write: () => void): void {
    this.#screen.above(write);
  }

  reading(bytes: number, total: number): void {
    const now = performance.now();
    if (now < this.#readAt + FRAME_MS) return;
    this.#readAt = now;
    this.#reading = readingLine({ bytes, total, elapsedMs: now - this.#since });
    this.#draw();
  }

  expect({ operations, scheduleSeconds }: Parameters<RunView["expect"]>[0]): void {
    if (operations !== undefined) this.#course.operations = operations;
    if (scheduleSeconds !== undefined) this.#course.scheduleSeconds = scheduleSeconds;
  }

  started(start: EngineStart, { tallies, timebase }: ViewedEngine): void {
    this.#course.started(start, timebase);
    this.#running = { reader: new TallyReader(tallies), whole: new TallyReader(tallies) };
  }

  interval(point: SeriesPoint): void {
    this.#point = point;
  }

  end(): void {
    clearInterval(this.#timer);
    this.#screen.close();
  }

  #tick(): void {
    this.#measure();
    this.#draw();
  }

  #measure(): void {
    if (this.#running === undefined) return;
    const now = this.#course.now();
    if (now <= this.#last) return;
    const snapshot = this.#running.reader.takeInterval(nanos(this.#last), nanos(now));
    this.#last = now;
    const { ramp } = this.#run;
    this.#meter.add(ramp === undefined ? snapshot : ramp.rows(snapshot));
    const inFlight = ramp === undefined ? snapshot.inFlight : ramp.inFlight();
    this.#gauges = { inFlight, waiting: snapshot.waiting };
    if (now - this.#judgedAt < SECOND_NS) return;
    this.#judgedAt = now;
    const { verdict, reasons } = this.#run.judge(this.#running.whole.totals());
    this.#health = { word: verdict, why: reasons[0] ?? null };
  }

  #draw(): void {
    const { columns, rows } = this.#screen.size;
    if (this.#running === undefined) {
      const text = this.#reading ?? "";
      if (text !== "") this.#screen.draw([text.slice(0, columns)]);
      return;
    }
    this.#screen.draw(
      frameLines(this.#state(), { columns, rows, unicode: this.#unicode }, this.#paint),
    );
  }

  #state(): LiveState {
    const { verb, directory, paced, ramp } = this.#run;
    const meter = this.#meter;
    const { elapsed, share, left, paused, speed } = this.#course.look(meter.ended);
    const { sent, done, bytes } = meter.rates();
    const planned = this.#point?.planned ?? null;
    const target = planned === null ? null : planned / Math.max(this.#point?.length ?? 1, 1e-3);
    return {
      verb,
      directory,
      mood: this.#mood === "running" && paused ? "paused" : this.#mood,
      speed,
      share,
      elapsed,
      left: this.#mood === "running" ? left : null,
      rates: { target: paced ? target : null, sent, done },
      bytesPerSecond: bytes,
      ...this.#gauges,
      latenessP99: meter.latenessP99(),
      health: this.#health,
      measured: paced ? "response" : "service",
      rows: meter.rows(),
      pullers: ramp?.pullers() ?? null,
      notes: this.#notes,
      keys: ramp === undefined ? (paced ? keys : unpacedKeys) : rampKeys,
    };
  }

  #key(key: string): void {
    switch (key) {
      case "p":
        this.#control(this.#course.look(0).paused ? { kind: "resume" } : { kind: "pause" });
        return;
      case "+":
      case "=":
        this.#faster(1);
        return;
      case "-":
      case "_":
        this.#faster(-1);
        return;
      case "s":
        this.#run.steering.snapshot().then(
          (text) => this.#note(text),
          (error: unknown) => this.#note(`no snapshot: ${String(error)}`),
        );
        return;
      case "q":
        this.#mood = this.#mood === "running" ? "draining" : "stopping";
        this.#run.steering.interrupt();
        return;
      default:
    }
  }

  #speed = 1;

  #faster(by: 1 | -1): void {
    const at = SPEEDS.indexOf(this.#speed) + by;
    const factor = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at))] ?? 1;
    if (factor !== this.#speed && this.#control({ kind: "speed", factor })) this.#speed = factor;
  }

  #control(control: Parameters<ViewedRun["steering"]["control"]>[0]): boolean {
    const answer = this.#run.steering.control(control);
    if (!answer.applied) this.#note(answer.reason);
    return answer.applied;
  }

  #note(text: string): void {
    this.#notes = [...this.#notes.slice(-2), text];
    this.#draw();
  }
}
