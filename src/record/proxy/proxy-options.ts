import type { PathFilter } from "../../archive/event.ts";
import type { Bytes, Micros, Millis } from "../../core/units.ts";

/** All certificates and keys are PEM texts. */
export type ProxyTls = {
  /** What the proxy shows to clients; without it, it is spoken to in plain HTTP. */
  readonly listen?: { readonly cert: string; readonly key: string };
  /** How an upstream of `https:` is trusted, and what it is shown. */
  readonly upstream?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly insecure?: boolean;
  };
};

export type RecordingProxyOptions = {
  /** Port 0: any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** `http(s)://host[:port]` of the registry, without a path. */
  readonly upstream: string;
  readonly tls?: ProxyTls;
  /** Manifests up to so many bytes are kept; null: none, only their sizes and digests. Default 4 MiB. */
  readonly manifestBytesMax?: Bytes | null;
  /** With it, names and clients become the first 8 bytes of their HMAC-SHA-256, in hexadecimal. */
  readonly anonymizeKey?: Uint8Array;
  /** Which exchanges are recorded, by the path of the request; default all. Everything is passed on. */
  readonly spec?: PathFilter;
  /** Reads catalogue and tag lists of the upstream again so long after the last reading ended. Default: never. */
  readonly catalogInterval?: Millis | null;
  /** What the archive says of the registry so far: JSON texts by their paths below `/$registry/`. */
  readonly known?: Iterable<readonly [path: string, json: string]>;
  /** Stamps of the archive; default the system's clock. */
  readonly now?: () => Micros;
  /** Something the operator should know, one sentence. Never a secret. */
  readonly onNotice?: (sentence: string) => void;
  /** Open exchanges are finished for so long when the proxy closes, then cut off. Default 1 s. */
  readonly grace?: Millis;
};

/** Nanoseconds; absent percentiles have no values. */
export type OverheadFigures = {
  readonly exchanges: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

export type RecordingProxyState = {
  /** Being passed on now. */
  readonly open: number;
  /** Over, however they ended. */
  readonly exchanges: number;
  /** Of them, those that no glob of the specification matched. */
  readonly unmatched: number;
  readonly abortedByClient: number;
  readonly abortedByUpstream: number;
  /** What was no request that could be passed on: broken heads, CONNECT, unknown transfer codings. */
  readonly refused: number;
  /** Time that exchanges spent in the proxy and not in waiting for upstream or client. */
  readonly overhead: OverheadFigures;
  /** Readings of the upstream's catalogue that failed. */
  readonly catalogFailures: number;
};
