import { type Bytes, bytes, type Seconds } from "../core/units.ts";
import type { Bandwidth } from "./bandwidth-limit.ts";
import type { BehaviourName } from "./behaviour.ts";
import type { PullThroughOptions } from "./pull-through/pull-through-options.ts";

/** Everything is optional and plain data, so that the options can be sent to another thread. */
export interface EmbeddedRegistryOptions {
  readonly host?: string | undefined;
  /** 0 or absent = any free port. */
  readonly port?: number | undefined;
  readonly memoryBytes?: Bytes | undefined;
  /** For generated images and for faults. */
  readonly seed?: string | undefined;
  /** Test images to offer: see `image-spec.ts`. */
  readonly generate?: string | undefined;
  /** Share of the generated layers that all images have in common, 0..1. */
  readonly sharedLayers?: number | undefined;
  /** Certificate and key as PEM text. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Content of a password file. */
  readonly htpasswd?: string | undefined;
  readonly tokenAuth?: boolean | undefined;
  readonly tokenTtl?: Seconds | undefined;
  readonly behave?: BehaviourName | undefined;
  readonly relativeLocations?: boolean | undefined;
  readonly stateQuery?: boolean | undefined;
  readonly chunkMinBytes?: Bytes | undefined;
  readonly pageMax?: number | undefined;
  /** Rules as on the command line: `MATCH=DIST` and `MATCH=KIND@RATE`. */
  readonly latencies?: readonly string[] | undefined;
  readonly faults?: readonly string[] | undefined;
  readonly bandwidth?: Bandwidth | undefined;
  /** A cache in front of other registries, instead of a registry of its own. */
  readonly pullThrough?: PullThroughOptions | undefined;
  /** Path of the file that gets one JSON line per request. */
  readonly accessLog?: string | undefined;
}

export const defaults = {
  host: "127.0.0.1",
  memoryBytes: bytes(1024 ** 3),
  seed: "0",
  pageMax: 1000,
} as const;
