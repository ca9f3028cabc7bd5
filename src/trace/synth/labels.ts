// The anonymised words of a trace: every name component, digest, reference, client and host is 8 hexadecimal digits.
import type { Random } from "../../core/random.ts";

/** The reference that is by far the commonest in the published trace; presumably `latest`. */
export const latestReference = "817c8a39";
const LATEST = 0x817c8a39;

/** Sorts of words; a word of one sort is never a word of another. */
const sorts = ["component", "digest", "reference", "client", "host"] as const;
type Sort = (typeof sorts)[number];

const hex8 = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");

/** A one-to-one map of the 32-bit numbers (the finaliser of MurmurHash3), so that different numbers make different words. */
function scatter(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Words of a trace: the same number gives the same word, and 2^29 of each sort are distinct. */
export class Labels {
  readonly #key: number;

  constructor(chance: Random) {
    this.#key = chance.integer(2 ** 32);
  }

  word(sort: Sort, number: number): string {
    const value = scatter((number * 8 + sorts.indexOf(sort)) ^ this.#key);
    // 7 is no sort: the word of that number is nobody else's.
    return hex8(value === LATEST ? scatter(7 ^ this.#key) : value);
  }
}

/** 10 hexadecimal digits. */
export const requestId = (chance: Random): string =>
  chance
    .integer(2 ** 40)
    .toString(16)
    .padStart(10, "0");

export const uploadId = (chance: Random): string => hex8(chance.integer(2 ** 32));

const engine = (
  version: string,
  go: string,
  commit: string,
  kernel: string,
  upstream = "",
): string =>
  `docker/${version} go/${go} git-commit/${commit} kernel/${kernel} os/linux arch/amd64${upstream}`;

// The published trace escapes most parentheses by a backslash that is part of the value.
const userAgents = [
  engine(
    "17.03.1-ce",
    "go1.7.5",
    "c6d412e",
    "4.4.0-78-generic",
    " UpstreamClient(Docker-Client/17.03.1-ce \\(linux\\))",
  ),
  engine(
    "17.03.1-ce",
    "go1.7.5",
    "c6d412e",
    "4.4.0-78-generic",
    " UpstreamClient(Go-http-client/1.1)",
  ),
  engine(
    "1.12.1",
    "go1.6.3",
    "23cf638",
    "3.16.0-76-generic",
    " UpstreamClient\\(python-requests/2.14.1\\)",
  ),
  engine(
    "1.12.6",
    "go1.6.4",
    "78d1802",
    "4.4.0-62-generic",
    " UpstreamClient(Docker-Client/1.12.6 \\(linux\\))",
  ),
  engine("1.8.1", "go1.4.2", "d12ea79", "3.19.0-51-generic"),
  "Go-http-client/1.1",
  "python-requests/2.14.1",
] as const;

/** User agent of a client, the commoner ones first. */
export const userAgentOf = (chance: Random): string => {
  const u = chance.next();
  return userAgents[Math.floor(u * u * userAgents.length)] ?? userAgents[0];
};
