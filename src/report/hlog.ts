import { HistogramLogWriter } from "hdr-histogram-js";
import type { Distribution } from "../stats/distribution.ts";
import type { IntervalSnapshot } from "../stats/figures.ts";
import { encodeHdr } from "../stats/hdr.ts";
import { highestAt } from "../stats/histogram.ts";
import { AppendFile } from "./append-file.ts";
import { intervalTags } from "./interval-tags.ts";

/** Values are ns, the column of maxima is ms. HdrHistogram's own default, in its Java tools, is the same ratio. */
const NANOS_PER_MILLI = 1e6;

type Span = { readonly start: number; readonly end: number };

/**
 * histograms.hlog: a HdrHistogram interval log (format 1.3), one line per interval and tag (report/interval-tags.ts). Times in
 * the lines are seconds since the base time. Grows while the run goes on.
 */
export class HistogramLog {
  readonly #file: AppendFile;
  readonly #writer: HistogramLogWriter;

  /** `startedAt`: ms since the epoch. */
  constructor(path: string, { tool, startedAt }: { tool: string; startedAt: number }) {
    const file = new AppendFile(path);
    this.#file = file;
    this.#writer = new HistogramLogWriter((text) => file.write(text));
    const epoch = (startedAt / 1000).toFixed(3);
    const iso = new Date(startedAt).toISOString();
    this.#writer.outputComment(`[Logged with ${tool}; values in nanoseconds]`);
    this.#writer.outputLogFormatVersion();
    this.#writer.outputComment(`[StartTime: ${epoch} (seconds since epoch), ${iso}]`);
    this.#writer.outputComment(`[BaseTime: ${epoch} (seconds since epoch)]`);
    this.#writer.outputLegend();
  }

  add(snapshot: IntervalSnapshot): void {
    for (const [tag, distribution] of intervalTags(snapshot))
      this.#line(tag, distribution, snapshot);
  }

  /** One line under a tag of the caller's; none without values. Times in ns since the start. */
  addTagged(tag: string, distribution: Distribution, span: Span): void {
    this.#line(tag, distribution, span);
  }

  close(): void {
    this.#file.close();
  }

  #line(tag: string, distribution: Distribution, { start, end }: Span): void {
    if (distribution.total === 0) return;
    const max = highestAt(distribution.indices.at(-1) as number) / NANOS_PER_MILLI;
    const span = [start / 1e9, (end - start) / 1e9, max].map((value) => value.toFixed(3));
    this.#file.write(`Tag=${tag},${span.join(",")},${encodeHdr(distribution)}\n`);
  }
}
