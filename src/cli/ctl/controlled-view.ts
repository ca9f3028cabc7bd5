// A view that can be asked and told from elsewhere: what a run tells its view is what its status is made of.
import type { SeriesPoint } from "../../report/timeseries.ts";
import type { EngineStart } from "../../workers/engine.ts";
import { RunCourse } from "../live/run-course.ts";
import type { RunView, ViewedEngine, ViewedRun } from "../live/run-view.ts";
import { RunSource } from "../metrics/run-source.ts";
import type { CtlAddress } from "./ctl-address.ts";
import type { Order, OrderAnswer } from "./order.ts";
import { RunEndpoint } from "./run-endpoint.ts";
import { endedOf, operationsOf, type RunStatus, stateOf } from "./run-status.ts";

export class ControlledView implements RunView {
  readonly #view: RunView;
  readonly #run: ViewedRun;
  readonly #course = new RunCourse();
  readonly #endpoint: RunEndpoint;
  readonly #source: RunSource;
  #tallies: readonly SharedArrayBuffer[] = [];
  #begun = false;
  #ending: "drain" | "stop" | undefined;

  constructor(view: RunView, run: ViewedRun, address: CtlAddress) {
    this.#view = view;
    this.#run = run;
    this.#source = new RunSource(run);
    const controlled = {
      metrics: () => this.#source.families(),
      status: () => this.#status(),
      obey: (order: Order) => this.#obey(order),
    };
    this.#endpoint = new RunEndpoint(controlled, address, (line) => view.say(line));
  }

  #status(): RunStatus {
    const { verb, directory, nodes } = this.#run;
    const figures = operationsOf(this.#tallies);
    const course = this.#course.look(endedOf(figures));
    const { elapsed, speed, share, left } = course;
    const state = stateOf(course, { begun: this.#begun, ending: this.#ending });
    return {
      verb,
      directory: directory ?? "",
      state,
      elapsed,
      speed,
      share,
      left,
      ...figures,
      nodes: nodes(),
    };
  }

  #obey({ order, factor = 1 }: Order): OrderAnswer | { readonly error: string } {
    const { control, end } = this.#run.steering;
    if (order === "drain" || order === "stop") {
      if (this.#ending === order || this.#ending === "stop")
        return { error: "the run is ending already" };
      this.#ending = order;
      const applied = end(order);
      return { order, at: applied === undefined ? null : applied.clock / 1e9 };
    }
    const answer = control(order === "speed" ? { kind: order, factor } : { kind: order });
    return answer.applied ? { order, at: answer.clock / 1e9 } : { error: answer.reason };
  }

  say(line: string): void {
    this.#view.say(line);
  }

  above(write: () => void): void {
    this.#view.above(write);
  }

  reading(bytes: number, total: number): void {
    this.#view.reading(bytes, total);
  }

  expect(end: { readonly operations?: number; readonly scheduleSeconds?: number }): void {
    this.#course.operations = end.operations ?? this.#course.operations;
    this.#course.scheduleSeconds = end.scheduleSeconds ?? this.#course.scheduleSeconds;
    this.#view.expect(end);
  }

  started(start: EngineStart, engine: ViewedEngine): void {
    this.#begun = true;
    this.#tallies = engine.tallies;
    this.#source.started(engine.tallies);
    this.#course.started(start, engine.timebase);
    this.#view.started(start, engine);
  }

  interval(point: SeriesPoint): void {
    this.#source.interval(point);
    this.#view.interval(point);
  }

  end(): void {
    this.#endpoint.close();
    this.#view.end();
  }
}
