import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { test } from "node:test";
import { encodeExchange, type HttpExchange } from "../../src/archive/exchange.ts";
import { archiveTrace } from "../../src/archive/trace/archive-trace.ts";
import { archiveTraceName } from "../../src/archive/trace/trace-name.ts";
import { TracedExchanges } from "../../src/archive/trace/traced-exchange.ts";
import { micros } from "../../src/core/units.ts";
import { appended, archiveFolder, openWriter } from "../fakes/archive-folder.ts";

const digest = `sha256:${"a".repeat(64)}`;

const exchange = (own: Partial<HttpExchange>): HttpExchange => ({
  arrival: 1_767_225_600_000_123,
  client: "10.0.0.1",
  method: "GET",
  path: `/v2/lib/app/blobs/${digest}`,
  class: "blob",
  req_headers: {},
  res_headers: {},
  req_bytes: 0,
  res_bytes: 0,
  status: 200,
  marks: { end: 1_500 },
  ...own,
});

const upload = (own: Partial<HttpExchange>): HttpExchange =>
  exchange({ path: "/v2/lib/app/blobs/uploads/{session}", upload: "cafe", ...own });

for (const { what, given, becomes } of [
  {
    what: "a GET has the bytes of its answer",
    given: [exchange({ res_bytes: 700 })],
    becomes: [`GET v2/lib/app/blobs/${digest} 700`],
  },
  {
    what: "a range has the size of the whole object",
    given: [
      exchange({ status: 206, res_bytes: 10, res_headers: { "Content-Range": "bytes 0-9/5000" } }),
    ],
    becomes: [`GET v2/lib/app/blobs/${digest} 5000`],
  },
  {
    what: "a GET that its client gave up has the size that was announced",
    given: [
      exchange({ res_bytes: 10, aborted: "client", res_headers: { "Content-Length": "5000" } }),
    ],
    becomes: [`GET v2/lib/app/blobs/${digest} 5000`],
  },
  {
    what: "a HEAD that found nothing asks for what no warm-up pushes",
    given: [exchange({ method: "HEAD", status: 404 })],
    becomes: [`HEAD v2/lib/app/blobs/${digest}-absent null`],
  },
  {
    what: "an upload in parts is one PUT with the bytes of all of them",
    given: [
      upload({ method: "POST", class: "upload-start", status: 202 }),
      upload({ method: "PATCH", class: "upload-patch", status: 202, req_bytes: 30 }),
      upload({ method: "PATCH", class: "upload-patch", status: 202, req_bytes: 12 }),
      upload({ method: "PUT", class: "upload-put", status: 201, req_bytes: 1 }),
    ],
    becomes: [
      "left out: steps of uploads",
      "left out: steps of uploads",
      "left out: steps of uploads",
      "PUT v2/lib/app/blobs/uploads/cafe 43",
    ],
  },
  {
    what: "an upload whose parts were not seen is left out; one that is seen to be empty is not",
    given: [
      upload({ method: "PUT", class: "upload-put", status: 201, digest }),
      upload({ method: "POST", class: "upload-start", status: 202 }),
      upload({ method: "PUT", class: "upload-put", status: 201, digest }),
    ],
    becomes: [
      "left out: uploads that began before",
      "left out: steps of uploads",
      "PUT v2/lib/app/blobs/uploads/cafe 0",
    ],
  },
  {
    what: "a part that the registry refused adds nothing",
    given: [
      upload({ method: "PATCH", class: "upload-patch", status: 416, req_bytes: 30 }),
      upload({ method: "PUT", class: "upload-put", status: 201, req_bytes: 5 }),
    ],
    becomes: ["left out: steps of uploads", "PUT v2/lib/app/blobs/uploads/cafe 5"],
  },
  {
    what: "what a replay does by itself or cannot do is left out by its name",
    given: [
      exchange({ class: "token" }),
      exchange({ status: 401 }),
      exchange({ status: 0, aborted: "client" }),
      exchange({ status: 404 }),
      exchange({ class: "upload-mount", method: "POST", status: 201 }),
      exchange({ class: "delete", method: "DELETE", status: 202 }),
    ],
    becomes: [
      "left out: token requests",
      "left out: challenges",
      "left out: not answered",
      "left out: reads that failed",
      "left out: mounts",
      "left out: deletions",
    ],
  },
] as const)
  test(what, () => {
    const traced = new TracedExchanges();
    const texts = given.map((one) => {
      const found = traced.take(one);
      if (found.kind === "left-out") return `left out: ${found.reason}`;
      return `${found.request.method} ${found.request.uri} ${found.request.size}`;
    });
    deepEqual(texts, [...becomes]);
  });

test("a read of a part says which part, an upload began with its first request and took as long as all of them", () => {
  const traced = new TracedExchanges();
  const part = exchange({
    status: 206,
    req_headers: { Range: "bytes=0-9" },
    res_headers: { "Content-Range": "bytes 0-9/5000" },
  });
  const requestOf = (one: HttpExchange) => {
    const found = traced.take(one);
    return found.kind === "request" ? found.request : undefined;
  };
  equal(requestOf(part)?.range, "bytes=0-9");
  equal(requestOf({ ...part, status: 200 })?.range, null, "the registry sent all of it");
  equal(requestOf({ ...part, req_headers: { Range: "lines=1-2" } })?.range, null);
  const steps = [
    { method: "POST", class: "upload-start", status: 202 },
    { method: "PATCH", class: "upload-patch", status: 202 },
    { method: "PUT", class: "upload-put", status: 201 },
  ] as const;
  const [, , put] = steps.map((step, at) =>
    requestOf(upload({ ...step, arrival: 1000 + at * 500, marks: { end: 100 * (at + 1) } })),
  );
  deepEqual([put?.arrival, put?.duration], [1000, 600 / 1e6]);
});

test("a name says directory, range and filter; a plus in a time stays one", () => {
  const name = archiveTraceName(
    "archive:/var/a?from=2026-01-01T02:00:00.000001%2B02:00&to=2026-01-01T01:00:00+01:00&filter=/v2/**/blobs/*",
  );
  equal(name?.directory, "/var/a");
  equal(name?.from, 1_767_225_600_000_001);
  equal(name?.to, 1_767_225_600_000_000);
  ok(name?.filter?.matches("/v2/a/b/blobs/x"));
  equal(archiveTraceName("trace.json"), undefined);
  throws(() => archiveTraceName("archive:a?from=x&from=y"), /from=y is not one of/);
});

test("an archive of several shards is refused with what to name", async (t) => {
  const directory = archiveFolder(t);
  const { writer } = await openWriter(t, { directory, shard: { index: 0, count: 2 } });
  await writer.close();
  const counts = { exchanges: 0, records: 0, gaps: 0, leftOut: new Map<string, number>() };
  const name = { directory, from: undefined, to: undefined, filter: undefined };
  await rejects(
    archiveTrace(name, "run", counts).next(),
    /several shards: name each, as archive:.*\/0$/,
  );
});

test("a part of an archive is chosen by arrival, on both ends inclusive, and by path", async (t) => {
  const directory = archiveFolder(t);
  const { writer } = await openWriter(t, { directory });
  const now = Date.now() * 1000;
  for (const at of [0, 1, 2, 3])
    appended(writer, [
      {
        kind: "exchange",
        path: `/v2/lib/app${at}/blobs/${digest}`,
        json: encodeExchange(
          exchange({
            arrival: now - 10 + at,
            path: `/v2/lib/app${at}/blobs/${digest}`,
            res_bytes: 9,
          }),
        ),
      },
    ]);
  await writer.close();
  const read = async (part: { from?: number; to?: number; filter?: string }) => {
    const counts = { exchanges: 0, records: 0, gaps: 0, leftOut: new Map<string, number>() };
    const name = {
      directory,
      from: part.from === undefined ? undefined : micros(part.from),
      to: part.to === undefined ? undefined : micros(part.to),
      filter:
        part.filter === undefined
          ? undefined
          : { matches: (path: string) => path.includes(part.filter ?? "") },
    };
    const uris: string[] = [];
    for await (const line of archiveTrace(name, "run", counts))
      uris.push(String(JSON.parse(line)["http.request.uri"]).slice(10, 11));
    return uris;
  };
  deepEqual(await read({}), ["0", "1", "2", "3"]);
  deepEqual(await read({ from: now - 9, to: now - 8 }), ["1", "2"]);
  deepEqual(await read({ filter: "app3" }), ["3"]);
});
