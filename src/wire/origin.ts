import { X509Certificate } from "node:crypto";
import type { SecureContext } from "node:tls";
import { messageOf, UsageError } from "../core/errors.ts";
import { tls } from "../core/node-tls.ts";

export type TlsOptions = {
  /** PEM text of certificate authorities that are trusted besides those of the system. */
  readonly ca?: string | undefined;
  /** Certificate and key (PEM) that we show. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Accept any certificate. */
  readonly insecure?: boolean | undefined;
  /** Name to ask for and to check instead of the host's. */
  readonly servername?: string | undefined;
};

export interface TlsTarget {
  readonly secureContext: SecureContext;
  readonly insecure: boolean;
  readonly servername: string | undefined;
  /** The last session that the server offered: the next connection resumes it. */
  session: Buffer | undefined;
}

/** Where connections go. One per origin and TLS settings, made once, shared by all its connections. */
export interface ConnectTarget {
  /** `http(s)://host[:port]` in normal form: lower case, default port left out. A key for pools. */
  readonly origin: string;
  /** What to connect to: a name or an address, an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Value of the Host field: the port only where it is not the default, IPv6 addresses in brackets. */
  readonly hostHeader: string;
  /** `host:port` as messages name it. */
  readonly label: string;
  readonly tls: TlsTarget | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** Reads `http(s)://host[:port]`; anything more (path, query, user) is a UsageError, because it would be lost. */
export function connectTarget(origin: string, options: TlsOptions = {}): ConnectTarget {
  const url = URL.parse(origin);
  const defaultPort = DEFAULT_PORTS[url?.protocol ?? ""];
  if (url === null || defaultPort === undefined)
    throw new UsageError(
      `"${origin}" is no origin: write http://host[:port] or https://host[:port]`,
    );
  const { host, protocol } = url;
  if (url.username !== "" || url.password !== "")
    throw new UsageError(`the address of ${host} holds credentials: write ${protocol}//${host}`);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw new UsageError(`"${origin}" holds more than an origin: write ${protocol}//${host}`);
  const port = url.port === "" ? defaultPort : Number(url.port);
  return {
    origin: url.origin,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    hostHeader: url.host,
    label: `${url.hostname}:${port}`,
    tls: url.protocol === "https:" ? tlsTarget(options) : undefined,
  };
}

function tlsTarget({ insecure = false, servername, ...own }: TlsOptions): TlsTarget {
  return { secureContext: secureContextFor(own), insecure, servername, session: undefined };
}

type OwnTrust = Pick<TlsOptions, "ca" | "cert" | "key">;

/** By their texts: building one reads all trusted roots, milliseconds each. There are as many as the configuration has CAs. */
const secureContexts = new Map<string, SecureContext>();

function secureContextFor({ ca, cert, key }: OwnTrust): SecureContext {
  const name = [ca, cert, key].join("\n");
  const known = secureContexts.get(name);
  if (known !== undefined) return known;
  const made = tls().createSecureContext({
    ...(ca === undefined ? {} : { ca: [...tls().getCACertificates("default"), checkedPem(ca)] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  secureContexts.set(name, made);
  return made;
}

/** Node ignores text that is no certificate, and every connection would fail later with a riddle. */
function checkedPem(ca: string): string {
  try {
    new X509Certificate(ca);
    return ca;
  } catch (cause) {
    throw new UsageError(`the CA is not a certificate in PEM form: ${messageOf(cause)}`, { cause });
  }
}
