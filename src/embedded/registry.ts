import type { IncomingMessage, ServerResponse } from "node:http";
import type { Millis } from "../core/units.ts";
import type { AccessLog } from "./access-log.ts";
import type { AuthGate } from "./auth-gate.ts";
import type { BandwidthLimit } from "./bandwidth-limit.ts";
import type { Behaviour } from "./behaviour.ts";
import type { FaultTable } from "./fault-table.ts";
import type { OwnTroubles } from "./own-troubles.ts";
import type { PullThrough } from "./pull-through/pull-through.ts";
import type { RegistryStore } from "./registry-store.ts";
import type { Reply } from "./reply.ts";
import type { RequestCounters } from "./request-counters.ts";
import type { Route } from "./route.ts";
import type { UploadSessions } from "./upload-session.ts";

/** Settings that handlers look at, resolved: no value is missing. */
interface ProtocolSettings {
  readonly relativeLocations: boolean;
  /** Upload Locations carry an opaque `_state` that must come back unchanged. */
  readonly stateQuery: boolean;
  /** Announced as OCI-Chunk-Min-Length and enforced; 0 = none. Bytes. */
  readonly chunkMinBytes: number;
  /** Entries of a page of tags or of the catalog. */
  readonly pageMax: number;
  /** `https` where TLS is on. */
  readonly scheme: "http" | "https";
}

/** What all handlers work on. One object per registry, wired in `embedded-registry.ts`. */
export interface Registry {
  readonly settings: ProtocolSettings;
  readonly behaviour: Behaviour;
  readonly store: RegistryStore;
  readonly uploads: UploadSessions;
  readonly counters: RequestCounters;
  readonly faults: FaultTable;
  readonly bandwidth: BandwidthLimit | undefined;
  readonly gate: AuthGate | undefined;
  readonly accessLog: AccessLog | undefined;
  readonly troubles: OwnTroubles;
  /** In pull-through mode: everything comes from upstreams, nothing is pushed. */
  readonly through: PullThrough | undefined;
  /** Monotonic, from any origin. */
  readonly now: () => Millis;
}

/** One request under way. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly route: Route;
  /** Body bytes received so far, for the counters. */
  requestBytes: number;
  /** The mistake of ours that ended it. */
  trouble?: string;
}

/** `undefined` = the client went away while its request was read: nobody waits for an answer. */
export type Handled = Reply | undefined | Promise<Reply | undefined>;
export type Handler = (registry: Registry, call: Call) => Handled;
