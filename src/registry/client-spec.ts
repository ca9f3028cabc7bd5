import type { HeadStyle } from "./request-head.ts";

/**
 * A registry entry in the form that goes to request threads: plain data, secrets included, so it is never printed or
 * stored. `origin` is `http(s)://host[:port]`; `pathPrefix` stands before `/v2/`.
 */
export type EndpointSpec = {
  readonly origin: string;
  readonly pathPrefix: string;
  /** Prepended to every repository name: empty or "team/". */
  readonly namePrefix: string;
  readonly style: HeadStyle;
  readonly ca?: string | undefined;
  /** Certificate and key (PEM) that we show to the registry. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure: boolean;
  readonly auth:
    | { readonly type: "none" }
    | { readonly type: "basic"; readonly username: string; readonly password: string }
    | {
        readonly type: "bearer";
        readonly username?: string | undefined;
        readonly password?: string | undefined;
        readonly token?: string | undefined;
      };
};

/** Everything a request thread needs to know about the registries and how to treat them. */
export type ClientSpec = {
  readonly endpoints: readonly EndpointSpec[];
  /** Seconds; 0 = none. */
  readonly timeouts: {
    readonly connect: number;
    readonly firstByte: number;
    readonly idle: number;
    readonly total: number;
  };
  readonly retries: {
    readonly count: number;
    readonly backoffMs: number;
    readonly on: readonly (string | number)[];
  };
  readonly keepAlive: boolean;
  /** Seed of content, retries and choices. */
  readonly seed: string;
  readonly random: boolean;
  /** Receive buffer of a thread: large where blobs flow. */
  readonly receiveBytes: number;
};
