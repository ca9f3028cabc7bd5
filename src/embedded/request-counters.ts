import { type RequestType, requestTypes } from "./route.ts";

const methods: readonly string[] = [
  "GET",
  "HEAD",
  "PUT",
  "POST",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "other",
];

/** Requests of one type, method and status code. `code` 0 = the client got no complete answer. */
export interface RequestCount {
  readonly type: RequestType;
  readonly method: string;
  readonly code: number;
  readonly requests: number;
  /** Body bytes in each direction. */
  readonly requestBytes: number;
  readonly responseBytes: number;
}

const CODES = 1024;
const METHODS = 8;

/** Counters by type, method and code. Recorded once per request: one look into a map by number, nothing allocated. */
export class RequestCounters {
  // Key: (type x 8 + method) x 1024 + code.
  readonly #counts = new Map<number, { requests: number; in: number; out: number }>();

  record(
    request: { readonly type: RequestType; readonly method: string },
    code: number,
    bytes: { readonly in: number; readonly out: number },
  ): void {
    const key = (requestTypes.indexOf(request.type) * METHODS + methodOf(request.method)) * CODES;
    const known = this.#counts.get(key + code);
    if (known === undefined) {
      this.#counts.set(key + code, { requests: 1, in: bytes.in, out: bytes.out });
      return;
    }
    known.requests++;
    known.in += bytes.in;
    known.out += bytes.out;
  }

  reset(): void {
    this.#counts.clear();
  }

  list(): RequestCount[] {
    return [...this.#counts]
      .sort(([a], [b]) => a - b)
      .map(([key, count]) => ({
        type: requestTypes[Math.floor(key / CODES / METHODS)] ?? "other",
        method: methods[Math.floor(key / CODES) % METHODS] ?? "other",
        code: key % CODES,
        requests: count.requests,
        requestBytes: count.in,
        responseBytes: count.out,
      }));
  }
}

function methodOf(method: string): number {
  const at = methods.indexOf(method);
  return at < 0 ? METHODS - 1 : at;
}
