import { UsageError } from "../../core/errors.ts";

/** A server as it was typed, taken apart. */
export type ServerAddress = {
  /** `http(s)://host[:port]`. */
  readonly origin: string;
  /** As typed, without scheme and path: how references name it. */
  readonly host: string;
  /** Path before `/v2/`: empty or `/…`. */
  readonly pathPrefix: string;
};

const ADDRESS = /^(?:(https?):\/\/)?((?:\[[^\]\s]+\]|[^/?#@\s:[\]]+)(?::\d+)?)(\/[^?#\s]*)?$/i;

const CREDENTIALS = /^(?:https?:\/\/)?[^/?#\s]*@/i;

/** Does not repeat them. */
const credentialsComplaint = (flag: string): string =>
  `Error: ${flag} holds credentials: leave them out and give ${flag === "--registry-url" ? "--registry-user" : "--user"} NAME with its password flag`;

/** `host[:port]` means http. Throws UsageError for anything that is no address. */
export function serverAddress(text: string, flag: string): ServerAddress {
  if (CREDENTIALS.test(text)) throw new UsageError(credentialsComplaint(flag));
  const [, scheme = "http", host = "", path = ""] = ADDRESS.exec(text) ?? [];
  const url = host === "" ? null : URL.parse(`${scheme.toLowerCase()}://${host}`);
  if (url === null)
    throw new UsageError(
      `Error: ${flag} wants host[:port] or http(s)://host[:port], not "${text}"`,
    );
  return { origin: url.origin, host, pathPrefix: path.replace(/\/+$/, "") };
}
