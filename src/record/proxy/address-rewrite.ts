// Answers that lead a client to the upstream would lead it past the recorder: such addresses get the proxy's origin, the rest
// of them stays byte for byte. Addresses of other hosts are not touched, relative ones lead to the proxy as they are.

/** `scheme://authority` or `//authority` at the beginning of an address. */
const start = /^(?:(https?):)?\/\/([^/?#\s"<>]*)/i;
const realm = /(\brealm\s*=\s*"?)((?:https?:)?\/\/[^\s",]*)/gi;
const linkTarget = /<([^<>]*)>/g;

export class AddressRewrite {
  readonly #host: string;
  readonly #port: string;
  readonly #scheme: string;

  /** `upstream`: its origin. */
  constructor(upstream: URL) {
    this.#host = upstream.hostname;
    this.#port = upstream.port;
    this.#scheme = upstream.protocol.slice(0, -1);
  }

  /** Value of an answer's field as the client gets it; `name` in lower case, `door` the proxy's origin for this client. */
  field(name: string, value: string, door: string): string {
    switch (name) {
      case "location":
      case "content-location":
        return this.#address(value, door);
      case "www-authenticate":
        return value.replaceAll(realm, (_, before: string, address: string) => {
          return `${before}${this.#address(address, door)}`;
        });
      case "link":
        return value.replaceAll(linkTarget, (_, target: string) => {
          return `<${this.#address(target, door)}>`;
        });
      default:
        return value;
    }
  }

  /** Whether the address has a host, and it is the upstream's. */
  leadsToUpstream(address: string): boolean {
    const [, scheme = this.#scheme, authority] = start.exec(address) ?? [];
    if (authority === undefined || authority.includes("@")) return false;
    const url = URL.parse(`${scheme}://${authority}`);
    // A registry behind somebody else's TLS may give its name with the wrong scheme: the default ports count as the same.
    return url !== null && url.hostname === this.#host && url.port === this.#port;
  }

  #address(address: string, door: string): string {
    const trimmed = address.trimStart();
    if (!this.leadsToUpstream(trimmed)) return address;
    const [whole = "", scheme] = start.exec(trimmed) ?? [];
    const origin = scheme === undefined ? door.slice(door.indexOf("//")) : door;
    return `${origin}${trimmed.slice(whole.length)}`;
  }
}
