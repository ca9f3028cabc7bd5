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

/** `host[:port]` means http. Throws UsageError for anything that is no address. */
export function serverAddress(text: string, flag: string): ServerAddress {
  const [, scheme = "http", host = "", path = ""] = ADDRESS.exec(text) ?? [];
  const url = host === "" ? null : URL.parse(`${scheme.toLowerCase()}://${host}`);
  if (url === null)
    throw new UsageError(
      `Error: ${flag} wants host[:port] or http(s)://host[:port], not "${text}"`,
    );
  return { origin: url.origin, host, pathPrefix: path.replace(/\/+$/, "") };
}
