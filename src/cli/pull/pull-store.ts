// The seconds of a pull test as its directory keeps them: histograms.hlog has the distributions, counts.ndjson all else. Written
// while it goes on, so that a ramp that is killed keeps what it has measured; docs/pull.md names them.
import { join } from "node:path";
import { operationClasses } from "../../core/operation.ts";
import { nanos } from "../../core/units.ts";
import type { PullSecond } from "../../pull/second-reader.ts";
import { AppendFile } from "../../report/append-file.ts";
import { HistogramLog } from "../../report/hlog.ts";
import { LogReader } from "../../report/stored-intervals.ts";
import { wholeLines } from "../../report/text-lines.ts";
import { type Distribution, emptyDistribution } from "../../stats/distribution.ts";
import type { ClassFigures, IntervalSnapshot } from "../../stats/figures.ts";
import { ClassOf, type PullClass, pullClassOf } from "../../workers/pull-classes.ts";
import { version } from "../version.ts";

/** What is behind the type of a tag, and where the figures have it. */
const measures = {
  "": "service",
  "-ttfb": "ttfb",
  "-failed": "failedService",
} as const satisfies Record<string, keyof ClassFigures>;

type ClassCounts = Omit<
  ClassFigures,
  "operation" | "response" | "service" | "ttfb" | "transfer" | "failedResponse" | "failedService"
> & { readonly name: PullClass };

type Gauges = Pick<
  IntervalSnapshot,
  | "start"
  | "end"
  | "inFlight"
  | "meanInFlight"
  | "retries"
  | "clippedHigh"
  | "clippedLow"
  | "health"
>;

/** A line of counts.ndjson. */
type StoredSecond = Omit<PullSecond, "snapshot"> &
  Gauges & {
    readonly classes: readonly ClassCounts[];
    /** Exact sums of the distributions by tag, ns. */
    readonly sums: Readonly<Record<string, number>>;
  };

type Tagged = readonly [tag: string, distribution: Distribution];

const placeOf = ({ phase, step }: Pick<PullSecond, "phase" | "step">): string => `${phase}.${step}`;

/** Tags are type.phase.step; step 0 is outside of steps. */
function tagsOf(second: PullSecond): Tagged[] {
  const place = placeOf(second);
  const { classes, lateness } = second.snapshot;
  return [
    ...classes.flatMap((part) =>
      Object.entries(measures).map(
        ([measure, key]): Tagged => [
          `${pullClassOf(part.operation)}${measure}.${place}`,
          part[key],
        ],
      ),
    ),
    [`wait.${place}`, lateness],
  ];
}

const isTold = ([, { total, sum }]: Tagged): boolean => total > 0 || sum !== 0;

export class PullStore {
  readonly #log: HistogramLog;
  readonly #counts: AppendFile;

  /** `startedAt`: ms since the epoch. `file`: path of a file of the run directory. */
  constructor(file: (name: string) => string, startedAt: number) {
    this.#log = new HistogramLog(file("histograms.hlog"), {
      tool: `drayage ${version}`,
      startedAt,
    });
    this.#counts = new AppendFile(file("counts.ndjson"));
  }

  add(second: PullSecond): void {
    const tags = tagsOf(second);
    for (const [tag, distribution] of tags) this.#log.addTagged(tag, distribution, second.snapshot);
    this.#counts.write(`${JSON.stringify(storedSecond(second, tags))}\n`);
  }

  close(): void {
    this.#log.close();
    this.#counts.close();
  }
}

function storedSecond({ snapshot, ...place }: PullSecond, tags: readonly Tagged[]): StoredSecond {
  const { start, end, inFlight, meanInFlight, retries, clippedHigh, clippedLow, health } = snapshot;
  return {
    ...place,
    ...{ start, end, inFlight, meanInFlight, retries, clippedHigh, clippedLow, health },
    classes: snapshot.classes.map((part) => {
      const {
        operation,
        response,
        service,
        ttfb,
        transfer,
        failedResponse,
        failedService,
        ...counts
      } = part;
      return { name: pullClassOf(operation), ...counts };
    }),
    sums: Object.fromEntries(tags.filter(isTold).map(([tag, { sum }]) => [tag, sum])),
  };
}

/**
 * Every second of a run directory, in order; of a killed run those that were written whole. `damages` gets a sentence for
 * each line that cannot be read. Throws DrayageError `storage`.
 */
export function* storedSeconds(
  directory: string,
  damages: string[],
): Generator<PullSecond, void, undefined> {
  const log = new LogReader(join(directory, "histograms.hlog"), damages);
  let number = 0;
  for (const line of wholeLines(join(directory, "counts.ndjson"))) {
    number++;
    const stored = parsed(line);
    if (stored === undefined) {
      damages.push(`counts.ndjson, line ${number}: no second of a pull test`);
      continue;
    }
    const place = placeOf(stored);
    yield joined(
      stored,
      log.take(stored.start, (tag) => tag.endsWith(`.${place}`)),
    );
  }
}

function parsed(line: string): StoredSecond | undefined {
  try {
    const content = JSON.parse(line) as Partial<StoredSecond> | null;
    const isSecond = content?.phase !== undefined && content.classes !== undefined;
    return isSecond && content.sums !== undefined ? (content as StoredSecond) : undefined;
  } catch {
    return undefined;
  }
}

function joined(stored: StoredSecond, logged: ReadonlyMap<string, Distribution>): PullSecond {
  const { start, end, inFlight, meanInFlight, retries, clippedHigh, clippedLow, health, ...rest } =
    stored;
  const { classes, sums, ...place } = rest;
  const times = (type: string): Distribution => {
    const tag = `${type}.${placeOf(stored)}`;
    // A sum may have come in the interval after its values: it stands alone then.
    return { ...(logged.get(tag) ?? emptyDistribution), sum: sums[tag] ?? 0 };
  };
  return {
    ...place,
    snapshot: {
      ...{ inFlight, meanInFlight, retries, clippedHigh, clippedLow, health },
      start: nanos(start),
      end: nanos(end),
      waiting: 0,
      existed: 0,
      connect: emptyDistribution,
      sizes: [],
      lateness: times("wait"),
      classes: classes
        .filter(({ name }) => name in ClassOf)
        .map(({ name, ...counts }) => ({
          ...counts,
          operation: operationClasses[ClassOf[name]] as ClassFigures["operation"],
          response: emptyDistribution,
          transfer: emptyDistribution,
          failedResponse: emptyDistribution,
          service: times(name),
          ttfb: times(`${name}-ttfb`),
          failedService: times(`${name}-failed`),
        })),
    },
  };
}
