import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ResponseParser } from "../../src/wire/response-parser.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";
import { lines, type ParserCase, parse } from "./parsing.ts";

const responses: readonly ParserCase[] = [
  {
    name: "a body of known length",
    bytes: `${lines("HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: 5")}hello`,
    expect: { status: 200, length: 5, body: "hello", kept: true, state: "done" },
  },
  {
    name: "an empty body",
    bytes: lines("HTTP/1.1 201 Created", "location:  /v2/x?state=a ", "CONTENT-LENGTH:0"),
    expect: { status: 201, length: 0, body: "", state: "done", location: "/v2/x?state=a" },
  },
  {
    name: "bare line feeds",
    bytes: "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    expect: { status: 200, body: "abc", state: "done" },
  },
  {
    name: "a status line without a reason, with and without its space",
    bytes: `${lines("HTTP/1.1 100")}${lines("HTTP/1.1 204 ")}`,
    expect: { status: 204, length: -1, state: "done" },
  },
  {
    name: "interim responses before the final one, whose fields do not count",
    bytes:
      lines("HTTP/1.1 100 Continue") +
      lines("HTTP/1.1 103 Early Hints", "Link: </x>", "Content-Length: 99") +
      `${lines("HTTP/1.1 200 OK", "Content-Length: 2")}ok`,
    expect: { status: 200, length: 2, body: "ok", state: "done" },
  },
  {
    name: "HEAD has a length and no body",
    bytes: lines("HTTP/1.1 200 OK", "Content-Length: 1234"),
    way: { head: true },
    expect: { status: 200, length: 1234, body: "", state: "done" },
  },
  {
    name: "HEAD of a chunked answer has no body",
    bytes: lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"),
    way: { head: true },
    expect: { length: -1, state: "done" },
  },
  {
    name: "304 has a length and no body",
    bytes: lines("HTTP/1.1 304 Not Modified", "Content-Length: 7"),
    expect: { status: 304, length: 7, state: "done" },
  },
  {
    name: "chunks with extensions and trailers",
    bytes: `${lines("HTTP/1.1 200 OK", "Transfer-Encoding: Chunked")}3;a="b;c"\r\nabc\r\n00A \r\n0123456789\r\n0\r\nDigest: x\r\nMore: y\r\n\r\n`,
    expect: { length: -1, body: "abc0123456789", kept: true, state: "done" },
  },
  {
    name: "chunks with bare line feeds",
    bytes: "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nab\n0\n\n",
    expect: { body: "ab", state: "done" },
  },
  {
    name: "a body that ends with the connection",
    bytes: `${lines("HTTP/1.1 200 OK", "Connection: close")}all of it`,
    way: { end: true },
    expect: { length: -1, body: "all of it", kept: false, state: "done" },
  },
  {
    name: "close wins over keep-alive, among other words and in other fields",
    bytes: lines(
      "HTTP/1.1 200 OK",
      "Connection: upgrade , Close",
      "Connection: keep-alive",
      "Content-Length: 0",
    ),
    expect: { kept: false, state: "done" },
  },
  {
    name: "what an interim response says of the connection does not count",
    bytes:
      lines("HTTP/1.1 103 Early Hints", "Connection: close") +
      lines("HTTP/1.1 200 OK", "Connection: keep-alive", "Content-Length: 0"),
    expect: { kept: true, state: "done" },
  },
  {
    name: "HTTP/1.0 closes",
    bytes: `${lines("HTTP/1.0 200 OK", "Content-Length: 1")}x`,
    expect: { body: "x", kept: false, state: "done" },
  },
  {
    name: "HTTP/1.0 keeps open where it says so",
    bytes: `${lines("HTTP/1.0 200 OK", "Content-Length: 1", "Connection: Keep-Alive")}x`,
    expect: { body: "x", kept: true, state: "done" },
  },
  {
    name: "HTTP/1.0 with chunks closes whatever it says",
    bytes: `${lines("HTTP/1.0 200 OK", "Transfer-Encoding: chunked", "Connection: keep-alive")}1\r\nx\r\n0\r\n\r\n`,
    expect: { body: "x", kept: false, state: "done" },
  },
  {
    name: "the same Content-Length twice",
    bytes: `${lines("HTTP/1.1 200 OK", "Content-Length: 2", "Content-Length: 02")}ab`,
    expect: { length: 2, body: "ab", state: "done" },
  },
];

for (const { name, bytes, way = {}, expect } of responses) {
  test(`parser: ${name}, whole and cut at each position`, () => {
    const whole = parse(Buffer.from(bytes, "latin1"), way);
    assert.partialDeepStrictEqual(whole, { failure: "", ...expect });
    for (let cut = 1; cut < bytes.length; cut++) {
      const parsed = parse(Buffer.from(bytes, "latin1"), { ...way, cuts: [cut] });
      assert.deepEqual(parsed, whole, `cut at ${cut}`);
    }
    const everywhere = Array.from({ length: bytes.length }, (_, at) => at);
    assert.deepEqual(parse(Buffer.from(bytes, "latin1"), { ...way, cuts: everywhere }), whole);
  });
}

const chunk = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean());

test("parser: chunks of any size, cut anywhere, give the body they were made of", () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), fc.array(fc.nat()), (chunks, positions) => {
      const parts = chunks.map(([data, extended]) =>
        Buffer.concat([
          Buffer.from(`${data.length.toString(16)}${extended ? ";ext=1" : ""}\r\n`),
          data,
          Buffer.from("\r\n"),
        ]),
      );
      const head = Buffer.from(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"));
      const bytes = Buffer.concat([head, ...parts, Buffer.from("0\r\n\r\n")]);
      const parsed = parse(bytes, { cuts: positions.map((position) => position % bytes.length) });
      const body = Buffer.concat(chunks.map(([data]) => data)).toString("latin1");
      assert.partialDeepStrictEqual(parsed, { state: "done", failure: "", body });
    }),
  );
});

test("parser: any bytes at all end in a state, never in an exception or an endless loop", () => {
  const soup = fc.array(
    fc.constantFrom(
      "HTTP/1.1 200 OK\r\n",
      "Content-Length: 3\r\n",
      "Transfer-Encoding: chunked\r\n",
      "\r\n",
      "\n",
      "abc",
      "3\r\n",
      "0\r\n\r\n",
      "\0\u00ff",
      ":",
    ),
  );
  fc.assert(
    fc.property(soup, fc.array(fc.nat()), (pieces, positions) => {
      const bytes = Buffer.from(pieces.join(""), "latin1");
      const cuts = positions.map((position) => position % (bytes.length + 1));
      const whole = parse(bytes, {});
      const cut = parse(bytes, { cuts });
      assert.partialDeepStrictEqual(
        { ...cut, failed: cut.failure !== "" },
        {
          status: whole.status,
          body: whole.body,
          state: whole.state,
          failed: whole.failure !== "",
        },
      );
    }),
  );
});

test("parser: header fields are read during onHead only, joined or one by one", () => {
  const parser = new ResponseParser();
  const owner = new RecordingOwner();
  const seen: unknown[] = [];
  owner.during = {
    onHead: () => {
      seen.push(parser.value("www-authenticate"), parser.values("www-authenticate"));
      seen.push(parser.value("absent"), parser.values("http/1.1 401 no"));
    },
  };
  const bytes = Buffer.from(
    lines(
      "HTTP/1.1 401 No",
      "WWW-Authenticate: Basic",
      'Www-authenticate:Bearer r="a"',
      "Content-Length: 0",
    ),
  );
  parser.begin(true);
  parser.feed(owner, bytes, bytes.length);
  assert.deepEqual(seen, ['Basic, Bearer r="a"', ["Basic", 'Bearer r="a"'], undefined, []]);
  assert.throws(() => parser.value("content-length"), /header fields are read during onHead/);
});

test("parser: an owner that gives up inside a callback hears nothing more", () => {
  for (const callback of ["onHead", "onBody"] as const) {
    for (const framing of [
      "Content-Length: 3\r\n\r\nabc",
      "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
    ]) {
      const parser = new ResponseParser();
      const owner = new RecordingOwner();
      owner.during = { [callback]: () => parser.stop() };
      const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${framing}`);
      parser.begin(true);
      parser.feed(owner, bytes, bytes.length);
      assert.equal(parser.state, "stopped");
      assert.deepEqual(owner.told, callback === "onHead" ? ["head"] : ["head", "body"]);
    }
  }
});
