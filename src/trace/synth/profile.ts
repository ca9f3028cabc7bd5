// Every figure that a synthetic trace follows. The defaults describe the published registry trace of FAST '18 (first day
// of zone dal09, and sums over the archive); source: trace-replay.md section 7.
import { UsageError } from "../../core/errors.ts";

/** Points of a distribution, ascending: [share of the values below, value]. Between points the logarithm is linear. */
export type QuantileTable = readonly (readonly [share: number, value: number])[];

/** How requests spread over objects. */
export type Popularity = {
  /** Ascending [n, share of all requests that the n most popular objects take], 0 to 1; linear in log n between. */
  readonly topShares: QuantileTable;
  /** Share of the objects that are requested exactly once, 0 to 1. */
  readonly once: number;
};

export type SynthProfile = {
  /** Weights of the methods among all records. */
  readonly methods: Readonly<Record<"GET" | "HEAD" | "PUT" | "POST" | "PATCH", number>>;
  /** Weights of what is fetched by GET. `ping` is the bare `v2`. */
  readonly getKinds: Readonly<Record<"ping" | "blob" | "manifest", number>>;
  /** Bytes of a blob GET, per request. */
  readonly blobBytes: QuantileTable;
  /** Bytes of manifests: log-normal, clipped. `sigma` is of the natural logarithm. */
  readonly manifestBytes: {
    readonly median: number;
    readonly sigma: number;
    readonly min: number;
    readonly max: number;
  };
  readonly blobPopularity: Popularity;
  readonly manifestPopularity: Popularity;
  /** Share of the manifest GETs that name the one reference found everywhere, 0 to 1. */
  readonly latestShare: number;
  /** Distinct blobs of a repository name. */
  readonly blobsPerName: QuantileTable;
  /** Share of the blobs that stand under two names, 0 to 1. */
  readonly sharedBlobs: number;
  /** Weights of names with 1, 2, 3 and 4 components, per request; the URI has two segments more, and `v2`. */
  readonly nameComponents: readonly [number, number, number, number];
  /** Mean of all records over a day, 1/s. */
  readonly requestsPerSecond: number;
  /** How far the rate swings around its mean over a day, 0 to 1. */
  readonly diurnal: number;
  /** Rate on Saturday and Sunday, as a factor. */
  readonly weekend: number;
  readonly duration: {
    /** Seconds that every request takes at least. */
    readonly floor: number;
    /** Seconds on top of it, log-normal, before the first byte. */
    readonly overheadMedian: number;
    readonly overheadSigma: number;
    /** Bytes per second of the transfer. */
    readonly throughput: QuantileTable;
  };
  /** Share of all records that are a redirect (301 on `v2`), and a partial blob (206), 0 to 1. */
  readonly redirects: number;
  readonly partials: number;
  /** Share of the HEAD requests that ask for a layer before it is pushed; the others ask for manifests. */
  readonly headsOfLayers: number;
  /** Layers that a client fetches at once, and the share of clients that know no such limit. */
  readonly parallelLayers: number;
  readonly unlimitedClients: number;
  /** Share of the pushes after which another client pulls the same name, and the seconds within which it does. */
  readonly followedPushes: number;
  readonly followedWithin: number;
  readonly clients: number;
  readonly hosts: number;
  /** Share of the clients that send no user agent. */
  readonly agentless: number;
};

export const defaultProfile: SynthProfile = {
  methods: { GET: 78.96, HEAD: 11.04, PUT: 5.24, POST: 2.87, PATCH: 1.89 },
  getKinds: { ping: 46, blob: 35.7, manifest: 18.3 },
  blobBytes: [
    [0, 32],
    [0.05, 130],
    [0.1, 181],
    [0.25, 1_119],
    [0.5, 11_498],
    [0.65, 645_015],
    [0.75, 3_346_037],
    [0.8, 9_388_981],
    [0.9, 35_308_546],
    [0.95, 54_405_073],
    [0.99, 117_907_225],
    [1, 690_363_128],
  ],
  manifestBytes: { median: 1_536, sigma: 0.5, min: 300, max: 16_384 },
  blobPopularity: {
    topShares: [
      [1, 0.028],
      [10, 0.133],
      [100, 0.332],
      [1_000, 0.454],
      [10_000, 0.648],
    ],
    once: 0.68,
  },
  manifestPopularity: {
    topShares: [
      [1, 0.07],
      [10, 0.421],
      [100, 0.838],
      [1_000, 0.901],
    ],
    once: 0.84,
  },
  latestShare: 0.49,
  blobsPerName: [
    [0, 1],
    [0.25, 3],
    [0.5, 7],
    [0.75, 13],
    [0.9, 24],
    [0.99, 138],
    [1, 400],
  ],
  sharedBlobs: 0.14,
  nameComponents: [1.1, 98.5, 0.33, 0.07],
  // 256,781 GETs and PUTs of blobs and manifests a day are 47.9 % of what the mix above makes.
  requestsPerSecond: 6.2,
  diurnal: 0.3,
  weekend: 0.95,
  duration: {
    floor: 0.6,
    overheadMedian: 0.3,
    overheadSigma: 0.4,
    throughput: [
      [0, 1.2e6],
      [0.1, 1.5e6],
      [0.5, 2.2e6],
      [0.9, 2.3e6],
      [1, 2.5e6],
    ],
  },
  redirects: 0.0018,
  partials: 0.000_03,
  headsOfLayers: 0.7,
  parallelLayers: 3,
  unlimitedClients: 0.4,
  followedPushes: 0.5,
  followedWithin: 600,
  clients: 400,
  hosts: 6,
  agentless: 0.02,
};

/**
 * For demonstrations and quick tests: the same structure with blobs of at most 2 MB and transfers of milliseconds, so
 * that a trace of n records at r requests/s ends soon after n / r seconds.
 */
export const briefProfile: SynthProfile = {
  ...defaultProfile,
  blobBytes: [
    [0, 32],
    [0.5, 11_498],
    [0.9, 262_144],
    [1, 2_097_152],
  ],
  diurnal: 0,
  weekend: 1,
  duration: {
    floor: 0.001,
    overheadMedian: 0.002,
    overheadSigma: 0.4,
    throughput: [
      [0, 50e6],
      [1, 200e6],
    ],
  },
  followedWithin: 1,
  clients: 40,
};

const fieldsBetween0And1 = [
  "latestShare",
  "sharedBlobs",
  "diurnal",
  "redirects",
  "partials",
  "headsOfLayers",
  "unlimitedClients",
  "followedPushes",
  "agentless",
] as const;

/** Each client remembers 256 blobs: that is a gigabyte. */
const CLIENTS_MAX = 1_000_000;
/** Half of what is drawn is then more than 800 times off the median. */
const SIGMA_MAX = 10;
/** Sizes of manifests are held in 32 bits. */
const MANIFEST_BYTES_MAX = 2 ** 32 - 1;

const ascends = (values: readonly number[]): boolean =>
  values.every((value, at) => at === 0 || value >= (values[at - 1] ?? value));

function* tableMistakes(name: string, table: QuantileTable): Generator<string> {
  const [first] = table;
  if (first === undefined) yield `${name} needs at least one point`;
  const values = table.map(([, value]) => value);
  if (!ascends(table.map(([share]) => share)) || !ascends(values)) {
    yield `${name} must ascend in both columns`;
  }
  if (!values.every((value) => value > 0)) yield `${name} must hold values above 0`;
}

function* popularityMistakes(name: string, { topShares, once }: Popularity): Generator<string> {
  yield* tableMistakes(`${name}.topShares`, topShares);
  if (topShares[0]?.[0] !== 1) yield `${name}.topShares must begin with the rank 1`;
  if (new Set(topShares.map(([rank]) => rank)).size < topShares.length)
    yield `${name}.topShares must have a rank once`;
  if (topShares.some(([, share]) => share > 1)) yield `${name}.topShares must not exceed 1`;
  if (!(once > 0 && once <= 1)) yield `${name}.once must be above 0 and at most 1`;
}

function* excesses({ clients, manifestBytes, duration }: SynthProfile): Generator<string> {
  for (const [name, value, most] of [
    ["clients", clients, CLIENTS_MAX],
    ["manifestBytes.max", manifestBytes.max, MANIFEST_BYTES_MAX],
    ["manifestBytes.sigma", manifestBytes.sigma, SIGMA_MAX],
    ["duration.overheadSigma", duration.overheadSigma, SIGMA_MAX],
  ] as const) {
    if (!(value <= most)) yield `${name} must be at most ${most}`;
  }
}

function* mistakes(profile: SynthProfile): Generator<string> {
  for (const field of fieldsBetween0And1) {
    if (!(profile[field] >= 0 && profile[field] <= 1)) yield `${field} must be from 0 to 1`;
  }
  for (const field of ["methods", "getKinds", "nameComponents"] as const) {
    const weights = Object.values(profile[field]);
    if (weights.some((weight) => !(weight >= 0)) || weights.every((weight) => weight === 0)) {
      yield `${field} must hold weights of at least 0, not all 0`;
    }
  }
  for (const field of ["clients", "hosts", "parallelLayers"] as const) {
    if (!Number.isInteger(profile[field]) || profile[field] < 1) {
      yield `${field} must be a whole number of at least 1`;
    }
  }
  for (const field of ["requestsPerSecond", "weekend", "followedWithin"] as const) {
    if (!(profile[field] > 0)) yield `${field} must be above 0`;
  }
  yield* excesses(profile);
  yield* tableMistakes("blobBytes", profile.blobBytes);
  yield* tableMistakes("blobsPerName", profile.blobsPerName);
  yield* tableMistakes("duration.throughput", profile.duration.throughput);
  yield* popularityMistakes("blobPopularity", profile.blobPopularity);
  yield* popularityMistakes("manifestPopularity", profile.manifestPopularity);
}

/** Throws a UsageError with one line per figure that no trace can follow. */
export function checkProfile(profile: SynthProfile): void {
  const lines = [...mistakes(profile)];
  if (lines.length > 0) throw new UsageError(lines);
}
