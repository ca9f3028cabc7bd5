// What a pull test leaves behind, as the tests look at it.
import type { Workplace } from "./workplace.ts";

export type PullResults = {
  readonly verdict: string;
  readonly exit: number;
  readonly exhausted: boolean;
  readonly pulls: { readonly done: number; readonly failed: number; readonly bytes: number };
  readonly requests: readonly {
    readonly name: string;
    readonly done: number;
    readonly failed: number;
    readonly ttfbNs: { readonly percentiles: Readonly<Record<string, number | null>> };
  }[];
  readonly steps: readonly {
    readonly phase: string;
    readonly level: number;
    readonly seconds: number;
    readonly pulls: number;
    readonly failed: number;
    readonly pullsPerSecond: number;
    readonly speedUp: number | null;
    readonly firstPulls: number;
  }[];
  readonly warnings: readonly string[];
  readonly calibration: { readonly state: string; readonly note: string } | null;
  readonly comparison: readonly {
    readonly measure: string;
    readonly cold: number | null;
    readonly warm: number | null;
  }[];
  readonly herds: readonly {
    readonly clients: number;
    readonly failed: number;
    readonly upstream: { readonly manifestGets: number; readonly blobGets: number } | null;
  }[];
  readonly errors: readonly {
    readonly puller: number;
    readonly kind: string;
    readonly count: number;
  }[];
  readonly server: {
    readonly hitRatio: number | null;
    readonly manifestAmplification: number | null;
    readonly upstreamManifestGets: number | null;
    readonly upstreamBlobGets: number | null;
  };
  readonly counts: Readonly<Record<string, number>>;
  readonly retries: number;
};

export const resultsOf = (place: Workplace, directory = "results"): PullResults =>
  place.json<PullResults>(`${directory}/results.json`);

/** Rows of a table by the names of its columns. */
export function rowsOf(text: string): Record<string, string>[] {
  const [head = "", ...lines] = text.trimEnd().split("\n");
  const names = head.split("\t");
  return lines.map((line) => {
    const cells = line.split("\t");
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]));
  });
}

/** Texts of a log, without their times. */
export const logTexts = (text: string): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(line.indexOf("\t") + 1));
