// Where the figures of a run go while it is under way: an endpoint that collectors ask, a collector that they are pushed to, or
// nowhere. Opened before anything begins, so that a port that is taken stops nothing half-way.
import type { MetricSource } from "../../report/metrics/metric-family.ts";
import type { OtlpPush } from "../../report/metrics/otlp-push.ts";
import type { RunView, ViewedRun } from "../live/run-view.ts";
import { version } from "../version.ts";
import { MetricsEndpoint } from "./metrics-endpoint.ts";
import { otlpIntervalMs, otlpUrl } from "./otlp-settings.ts";
import { RunSource } from "./run-source.ts";

export type MetricsFlags = {
  readonly metrics?: string | undefined;
  readonly otlp?: string | undefined;
};

export class Publication {
  #source: MetricSource = () => [];
  #endpoint: MetricsEndpoint | undefined;
  #push: OtlpPush | undefined;
  #otlp = "";
  /** Told as soon as there is somebody to tell. */
  #sayings: string[] = [];
  #say: (line: string) => void = (line) => void this.#sayings.push(line);

  /** Throws UsageError for what cannot be. */
  static async open({ metrics, otlp }: MetricsFlags, env: NodeJS.ProcessEnv): Promise<Publication> {
    const publication = new Publication();
    const url = otlp === undefined ? undefined : otlpUrl(otlp);
    const intervalMs = otlpIntervalMs(env);
    if (metrics !== undefined) await publication.#listen(metrics);
    if (url !== undefined) await publication.#pushTo(url, intervalMs);
    return publication;
  }

  get isOpen(): boolean {
    return this.#endpoint !== undefined || this.#push !== undefined;
  }

  /** Where collectors ask; undefined without an endpoint. */
  get url(): string | undefined {
    return this.#endpoint?.url;
  }

  async #listen(address: string): Promise<void> {
    this.#endpoint = await MetricsEndpoint.listen(address, () => this.#source());
    const { url, isLocal } = this.#endpoint;
    const warning = isLocal ? "" : "; anybody who reaches this machine can read them";
    this.#say(`metrics at ${url}${warning}`);
  }

  /** The SDK is loaded by those who use it: it takes a tenth of a second. */
  async #pushTo(url: string, intervalMs: number): Promise<void> {
    const { OtlpPush } = await import("../../report/metrics/otlp-push.ts");
    this.#otlp = url;
    this.#push = new OtlpPush({
      url,
      intervalMs,
      version,
      source: () => this.#source(),
      onTrouble: (reason) =>
        this.#say(`metrics could not be pushed to ${url} (${reason}); the run goes on`),
    });
  }

  /** What is told from now on. */
  show(source: MetricSource): void {
    this.#source = source;
  }

  /** Whom it tells what it does, from now on. */
  tell(say: (line: string) => void): void {
    this.#say = say;
    for (const line of this.#sayings.splice(0)) say(line);
  }

  /** The view of a run, which from now on also says what is published. */
  watched(view: RunView, run: ViewedRun): RunView {
    if (!this.isOpen) return view;
    this.tell((line) => view.say(line));
    const source = new RunSource(run);
    this.show(() => source.families());
    return new PublishedView(view, source);
  }

  /** Pushes the last figures, and ends. Says through `say` how many pushes failed. */
  async close(say: (line: string) => void): Promise<void> {
    this.#endpoint?.close();
    if (this.#push === undefined) return;
    this.#say = say;
    await this.#push.close();
    const { pushes, failures, reason } = this.#push;
    if (failures > 0)
      say(
        `${failures} of ${pushes} pushes of metrics to ${this.#otlp} failed, the last one: ${reason}`,
      );
  }
}

/** A view that shows as it did, and keeps what metrics need besides the tallies. */
class PublishedView implements RunView {
  readonly #view: RunView;
  readonly #source: RunSource;

  constructor(view: RunView, source: RunSource) {
    this.#view = view;
    this.#source = source;
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

  expect(end: Parameters<RunView["expect"]>[0]): void {
    this.#view.expect(end);
  }

  started(...[start, engine]: Parameters<RunView["started"]>): void {
    this.#source.started(engine.tallies);
    this.#view.started(start, engine);
  }

  interval(point: Parameters<RunView["interval"]>[0]): void {
    this.#source.interval(point);
    this.#view.interval(point);
  }

  end(): void {
    this.#view.end();
  }
}
