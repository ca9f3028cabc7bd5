// The figures of a trace that a synthetic one can follow: section by section of trace/synth/profile.ts. What a trace does not
// show, because it is too short or lacks the records, is left out, so that the default stays.
import { Kind } from "../../core/operation.ts";
import { defaultProfile, type QuantileTable, type SynthProfile } from "../synth/profile.ts";
import type { ArrivalFindings } from "./arrival-pass.ts";
import type { TraceDescription } from "./describe-trace.ts";
import { measuredRate } from "./measured-rate.ts";
import type { Popularity } from "./popularity.ts";
import type { RecordGathering } from "./record-gathering.ts";
import { Method } from "./record-judge.ts";
import { FINE_BITS, Sketch } from "./sketch.ts";

type Profile = Partial<SynthProfile>;

type Measured = {
  readonly gathering: RecordGathering;
  readonly description: Pick<TraceDescription, "distinct" | "popularity">;
  readonly findings: ArrivalFindings;
};

/** Fewer values make no distribution. */
const VALUES_MIN = 20;
const SIZE_SHARES = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.65, 0.75, 0.8, 0.9, 0.95, 0.99, 1] as const;
const NAME_SHARES = [0, 0.25, 0.5, 0.75, 0.9, 0.99, 1] as const;
const SPEED_SHARES = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99] as const;
/** Quantiles of the standard normal. */
const NORMAL_P90 = 1.2816;
const NORMAL_P95 = 1.6449;
/** A synthetic tail has objects that are requested once. */
const ONCE_MIN = 0.001;

export function measuredProfile(measured: Measured): Profile {
  const { gathering, description, findings } = measured;
  const { requests, objects } = gathering;
  const { distinct, popularity } = description;
  const of = (method: number): number => requests.count({ method });
  const gets = (kind: number): number => requests.count({ method: Method.get, kind });
  const methods = {
    GET: of(Method.get),
    HEAD: of(Method.head),
    PUT: of(Method.put),
    POST: of(Method.post),
    PATCH: of(Method.patch),
  };
  const getKinds = { ping: gets(Kind.ping), blob: gets(Kind.blob), manifest: gets(Kind.manifest) };
  const components = requests.nameComponents();
  const layerHeads = requests.layerHeadShare;
  return {
    ...(isWeighed(Object.values(methods)) ? { methods } : {}),
    ...(isWeighed(Object.values(getKinds)) ? { getKinds } : {}),
    ...sizesOf(gathering),
    ...popularitiesOf(measured),
    ...(isWeighed(components) ? { nameComponents: components } : {}),
    ...measuredRate(findings),
    ...durationOf(gathering, findings),
    redirects: rounded(requests.redirectShare),
    partials: rounded(requests.partialShare),
    ...(Number.isNaN(layerHeads) ? {} : { headsOfLayers: rounded(layerHeads) }),
    ...(distinct.clients === 0
      ? {}
      : {
          clients: distinct.clients,
          agentless: rounded(objects.agentlessClients() / distinct.clients),
        }),
    ...(distinct.hosts === 0 ? {} : { hosts: distinct.hosts }),
    ...(popularity.reference === null ? {} : { latestShare: rounded(popularity.reference.share) }),
    ...(distinct.fetchedBlobs === 0
      ? {}
      : { sharedBlobs: rounded(distinct.sharedBlobs / distinct.fetchedBlobs) }),
  };
}

const isWeighed = (weights: readonly number[]): boolean => weights.some((weight) => weight > 0);
const rounded = (value: number): number => Number(value.toPrecision(6));

function sizesOf({ sizes, objects }: RecordGathering): Profile {
  const blobs = sizes.of(Method.get, Kind.blob);
  const manifests = new Sketch(FINE_BITS);
  for (const size of objects.manifestSizes()) manifests.add(size);
  const sigma = Math.log(manifests.quantile(0.9) / manifests.quantile(0.1)) / (2 * NORMAL_P90);
  return {
    ...(blobs === undefined || blobs.total < VALUES_MIN
      ? {}
      : { blobBytes: tableOf(blobs, SIZE_SHARES) }),
    ...(manifests.total < VALUES_MIN
      ? {}
      : {
          manifestBytes: {
            median: Math.round(manifests.quantile(0.5)),
            sigma: rounded(sigma),
            min: manifests.least,
            max: manifests.greatest,
          },
        }),
  };
}

const tableOf = (sketch: Sketch, shares: readonly number[]): QuantileTable =>
  shares.map((share) => [share, Math.max(1, Math.round(sketch.quantile(share)))] as const);

function popularitiesOf({ gathering, description }: Measured): Profile {
  const { blobs, manifests } = description.popularity;
  const perName = gathering.objects.blobsPerName().sort();
  const at = (share: number): number =>
    perName[Math.min(perName.length - 1, Math.floor(share * perName.length))] ?? 1;
  return {
    ...(blobs.objects === 0 ? {} : { blobPopularity: synthetic(blobs) }),
    ...(manifests.objects === 0 ? {} : { manifestPopularity: synthetic(manifests) }),
    ...(perName.length === 0
      ? {}
      : { blobsPerName: NAME_SHARES.map((share) => [share, at(share)] as const) }),
  };
}

/** The table goes as far as objects are requested twice; what is behind is the tail's. */
function synthetic({ topShares, once, repeated }: Popularity): SynthProfile["blobPopularity"] {
  const head = topShares.filter(([rank]) => rank <= Math.max(1, repeated));
  return {
    topShares: head.map(([rank, share]) => [rank, rounded(share)]),
    once: rounded(Math.max(ONCE_MIN, once)),
  };
}

/**
 * Floor, median and spread of what a small request takes: the shifted log-normal distribution through three quantiles. With
 * the shift c, p5 - c, p50 - c and p95 - c are in equal proportion.
 */
function durationOf(
  { durations: { small } }: RecordGathering,
  { transfers }: ArrivalFindings,
): Profile {
  if (small.total < VALUES_MIN || small.greatest === 0) return {};
  const [low, middle, high] = [small.quantile(0.05), small.quantile(0.5), small.quantile(0.95)];
  const spread = low + high - 2 * middle;
  const fitted = spread > 0 ? (low * high - middle * middle) / spread : 0;
  const floor = Math.min(small.least, Math.max(0, fitted));
  const median = Math.max(1, middle - floor);
  const sigma = high > middle ? Math.log((high - floor) / median) / NORMAL_P95 : 0;
  const ends = SPEED_SHARES.length - 1;
  const throughput = tableOf(transfers, SPEED_SHARES).map(
    ([share, speed], place) => [place === 0 ? 0 : place === ends ? 1 : share, speed] as const,
  );
  return {
    duration: {
      floor: rounded(floor / 1e6),
      overheadMedian: rounded(median / 1e6),
      overheadSigma: rounded(sigma),
      throughput: transfers.total < VALUES_MIN ? defaultProfile.duration.throughput : throughput,
    },
  };
}
