// Runs tables of requests against a registry: each case is a conversation of steps { when, expect }.
import assert from "node:assert/strict";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { test } from "node:test";

export interface Sending {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly ca?: string;
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Code of the error that ended the exchange, e.g. ECONNRESET; the body is what came before. */
  readonly failure: string | undefined;
}

/** One request; a broken connection is a result, not an exception. Connections are not kept. */
export function send({ method, url, headers = {}, body, ca }: Sending): Promise<Received> {
  const start = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const trust = ca === undefined ? {} : { ca };
    const request = start(url, { method, headers, agent: false, ...trust }, (response) => {
      const pieces: Buffer[] = [];
      const end = (failure?: string): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces),
          failure,
        });
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => end());
      response.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    });
    request.on("error", (error: NodeJS.ErrnoException) =>
      resolve({ status: 0, headers: {}, body: Buffer.alloc(0), failure: error.code }),
    );
    request.end(body);
  });
}

export interface Step {
  /** `GET /v2/`; `@` as path is the last Location, `@digest=…` the same with that added to its query. */
  readonly when: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** A number = only the status. */
  readonly expect: number | Expectation;
}

interface Expectation {
  readonly status: number;
  /** `undefined` = the header must be absent. */
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>;
  /** Bytes or text exactly, an expression, or a JSON value. */
  readonly body?: Buffer | string | RegExp | object;
  /** Code of the first error in the body. */
  readonly code?: string;
}

export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** One test per case. `base` is asked late: registries start in a `before` hook. */
export function runCases(title: string, base: () => string, cases: readonly Case[]): void {
  for (const { name, steps } of cases) {
    test(`${title}: ${name}`, async () => {
      await converse(base(), steps);
    });
  }
}

export async function converse(base: string, steps: readonly Step[]): Promise<Received[]> {
  const answers: Received[] = [];
  let location = "";
  for (const step of steps) {
    const [method = "", path = ""] = step.when.split(" ");
    const url = new URL(path.startsWith("@") ? joined(location, path.slice(1)) : path, base).href;
    const { headers = {}, body = "" } = step;
    const length = { "content-length": String(Buffer.byteLength(body)) };
    const answer = await send({ method, url, headers: { ...length, ...headers }, body });
    location = answer.headers.location ?? location;
    check(step, answer);
    answers.push(answer);
  }
  return answers;
}

const joined = (location: string, query: string): string =>
  query === "" ? location : `${location}${location.includes("?") ? "&" : "?"}${query}`;

function check(step: Step, answer: Received): void {
  const { when } = step;
  const expect = typeof step.expect === "number" ? { status: step.expect } : step.expect;
  const said = `${when}: ${answer.body.subarray(0, 300)}`;
  assert.equal(answer.failure, undefined, said);
  assert.equal(answer.status, expect.status, said);
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    const actual = answer.headers[name.toLowerCase()];
    if (value instanceof RegExp) assert.match(String(actual), value, `${when}: ${name}`);
    else assert.equal(actual, value, `${when}: ${name}`);
  }
  if (expect.code !== undefined) assert.equal(errorCode(answer), expect.code, said);
  if (expect.body !== undefined) checkBody(when, expect.body, answer.body);
}

export const errorCode = ({ body }: Received): unknown => JSON.parse(String(body)).errors[0].code;

function checkBody(
  when: string,
  expected: Buffer | string | RegExp | object,
  actual: Buffer,
): void {
  if (Buffer.isBuffer(expected)) assert.ok(expected.equals(actual), `${when}: the bytes differ`);
  else if (expected instanceof RegExp) assert.match(String(actual), expected, when);
  else if (typeof expected === "string") assert.equal(String(actual), expected, when);
  else assert.deepEqual(JSON.parse(String(actual)), expected, when);
}
