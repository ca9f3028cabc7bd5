// Instance events -> pulls of images -> registry requests.
//
//   rows -> selected, keyed by START_TIME -> sorter -> per pull: image by rule, wanted parts by the node's cache -> requests
//
// Sorted before anything is chosen from a cache: what a node holds depends on what it pulled before. Which image is pulled
// never depends on the order of rows.
import { LineSorter } from "../output/line-sorter.ts";
import type { NativeRequest } from "../output/native-trace.ts";
import type { SourceReport } from "../row-sink.ts";
import { type EventRow, eventRows } from "./event-rows.ts";
import type { Image, ImagePart } from "./image.ts";
import { type ImageRulePlan, imageRule } from "./image-rule.ts";
import { type CachePolicy, NodeCaches } from "./node-cache.ts";

export type ArrivalsPlan = {
  /** Gets what to ask for the rows read so far, when reading begins. */
  readonly reading?: ((rows: () => number) => void) | undefined;
  readonly input: string;
  readonly selects: (row: EventRow) => boolean;
  /** The RESULT that counts; all if there is none. */
  readonly result: string | undefined;
  readonly keepUnscheduled: boolean;
  readonly images: ImageRulePlan;
  readonly cache: CachePolicy;
  readonly memoryBytes: number;
};

/** A pull of an image by a node. Time in microseconds since the Unix epoch. */
export type Pull = {
  readonly number: number;
  readonly time: number;
  readonly client: string;
  readonly image: Image;
};

const UNSCHEDULED = "unscheduled";
const HEX = 16;

/** Columns beyond the fixed ones that rules ask for. */
const KEPT_COLUMNS: readonly string[] = ["INSTANCE_UUID", "USER_ID", "PROJECT_ID"];

type Kept = Omit<EventRow, "value" | "time" | "columns" | "isWhole"> & {
  readonly values: Readonly<Record<string, string>>;
};

/** Hands every pull to `take`, in the order of time, and says what was read. */
export async function eachPull(
  plan: ArrivalsPlan,
  take: (pull: Pull) => void,
): Promise<SourceReport> {
  const sorter = new LineSorter(plan.memoryBytes / 2);
  try {
    const gathering = await gather(plan, sorter);
    const rule = imageRule(plan.images, [...gathering.flavors.values()]);
    let number = 0;
    for (const { key, bytes, from, to } of sorter.lines()) {
      const { values, ...row }: Kept = JSON.parse(bytes.toString("utf8", from, to));
      const whole = {
        ...row,
        isWhole: true,
        time: key[0],
        columns: [],
        value: (column: string) => values[column] ?? "",
      };
      take({ number: number++, time: key[0], client: row.host, image: rule(whole) });
    }
    return {
      kind: "instance-trace",
      facts: {
        images: plan.images.images.length,
        rule: plan.images.rule.replace(/^map:.*/s, "map"),
      },
      rowsRead: gathering.read,
      dropped: Object.fromEntries(gathering.dropped),
      warnings: [],
      partial: false,
    };
  } finally {
    sorter.close();
  }
}

async function gather(plan: ArrivalsPlan, sorter: LineSorter) {
  const dropped = new Map<string, number>();
  const flavors = new Map<string, EventRow["flavor"]>();
  // A map may ask for any column, the other rules for these.
  const isMap = plan.images.rule.startsWith("map:");
  let read = 0;
  plan.reading?.(() => read);
  for await (const row of eventRows(plan.input)) {
    read++;
    const reason = dropReason(row, plan);
    if (reason !== undefined) {
      dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
      continue;
    }
    const { trace, event, result, flavor } = row;
    const host = row.host === "" ? UNSCHEDULED : row.host;
    flavors.set(flavor.join(" "), flavor);
    const columns = isMap ? [...KEPT_COLUMNS, ...row.columns] : KEPT_COLUMNS;
    const values = Object.fromEntries(columns.map((column) => [column, row.value(column)]));
    sorter.add(JSON.stringify({ trace, event, result, flavor, host, values }), [
      row.time ?? 0,
      read,
      0,
    ]);
  }
  return { read, dropped, flavors };
}

function dropReason(
  row: EventRow,
  { selects, result, keepUnscheduled }: ArrivalsPlan,
): string | undefined {
  if (!row.isWhole) return "row with more or fewer fields than the header";
  if (!selects(row)) return "event not selected";
  if (row.time === undefined) return "no start time";
  if (result !== undefined && row.result !== result) return "result";
  return row.host === "" && !keepUnscheduled ? UNSCHEDULED : undefined;
}

/** Turns pulls into requests: what each node asks for depends on what it has pulled before. */
export class PullRequests {
  readonly #caches: NodeCaches;

  constructor(cache: CachePolicy) {
    this.#caches = new NodeCaches(cache);
  }

  /** All requests of a pull, in the order in which a client sends them. */
  of({ number, time, client, image }: Pull): readonly NativeRequest[] {
    const { repo, tag, manifest, config } = image;
    const wanted = this.#caches.pull(client, image);
    const idOf = (step: number): string =>
      number.toString(HEX).padStart(8, "0") + step.toString(HEX).padStart(2, "0");
    const request = (
      step: number,
      {
        method,
        uri,
        part,
        after,
      }: { method: string; uri: string; part: ImagePart; after?: string },
    ): NativeRequest => ({
      arrival: { us: time, ns: 0 },
      durationNs: 0,
      host: null,
      method,
      client,
      uri: `v2/${repo}/${uri}`,
      agent: null,
      status: 200,
      written: part.size,
      id: idOf(step),
      digest: null,
      isWholeSize: false,
      extra: { "drayage.pull": number, ...(after === undefined ? {} : { "drayage.after": after }) },
    });
    const check = request(0, { method: "HEAD", uri: `manifests/${tag}`, part: manifest });
    if (wanted.kind === "check") return [check];
    const get = request(1, {
      method: "GET",
      uri: `manifests/${manifest.digest}`,
      part: manifest,
      after: idOf(0),
    });
    const blobs = [config, ...wanted.layers].map((part, at) =>
      request(2 + at, { method: "GET", uri: `blobs/${part.digest}`, part, after: idOf(1) }),
    );
    return [check, get, ...blobs];
  }
}
