import type { SourceReport, TraceReport } from "../row-sink.ts";
import { deliver, requirePlaces } from "./delivery.ts";
import { manifestOf } from "./manifest.ts";
import type { NativePlan } from "./native-trace.ts";
import { PartialFile } from "./partial-file.ts";

/** A file of pulls instead of requests: one JSON object a line, in the order of time. */
export class PullFile {
  readonly #plan: NativePlan;
  readonly #file: PartialFile;
  #rows = 0;
  #period: [number, number] | undefined;

  constructor(plan: NativePlan) {
    this.#plan = plan;
    requirePlaces(plan);
    this.#file = new PartialFile(plan.output);
  }

  get rows(): number {
    return this.#rows;
  }

  /** `time` in microseconds since the Unix epoch. */
  add(pull: { client: string; repo: string; tag: string; time: number }): void {
    const { client, repo, tag, time } = pull;
    const arrival = new Date(time / 1000).toISOString();
    this.#file.write(`${JSON.stringify({ client, repo, tag, arrival })}\n`);
    this.#period = [this.#period?.[0] ?? time, time];
    this.#rows++;
  }

  async finish(source: SourceReport): Promise<TraceReport> {
    const plan = this.#plan;
    const sha256 = this.#file.complete();
    const manifest = manifestOf({
      format: { name: "pulls", version: "1", encoding: "jsonl" },
      toolVersion: plan.toolVersion,
      commandLine: plan.commandLine,
      source,
      period: this.#period,
      epoch: undefined,
      rowsWritten: this.#rows,
      fields: plan.fields,
      masking: plan.masking,
      time: plan.time,
      warnings: [],
    });
    const checks = { columns: [], quasiIdentifiers: [], leaks: [] };
    const facts = { sha256, bytes: this.#file.bytes };
    await deliver(this.#file, { plan, manifest, facts, checks });
    return { path: plan.output, rows: this.#rows, bytes: this.#file.bytes, sha256, warnings: [] };
  }

  abort(): void {
    if (this.#plan.keepPartial) this.#file.keep();
    else this.#file.discard();
  }
}
