import assert from "node:assert/strict";
import { test } from "node:test";
import { HEAD_BYTES_MAX } from "../../src/wire/response-parser.ts";
import { lines, type ParserCase, parse } from "./parsing.ts";

const failures: readonly ParserCase[] = [
  {
    name: "no HTTP at all",
    bytes: lines("SSH-2.0-OpenSSH_9.2"),
    expect: { failure: "no HTTP/1 status line" },
  },
  { name: "HTTP/2", bytes: lines("HTTP/2.0 200 OK"), expect: { failure: "no HTTP/1 status line" } },
  {
    name: "an empty line first",
    bytes: "\r\nHTTP/1.1 200 OK\r\n\r\n",
    expect: { failure: "no HTTP/1 status line" },
  },
  {
    name: "a status of two digits",
    bytes: lines("HTTP/1.1 20 OK"),
    expect: { failure: "a status line without a status of three digits" },
  },
  {
    name: "a status line that stops short",
    bytes: lines("HTTP/1.1"),
    expect: { failure: "no HTTP/1 status line" },
  },
  {
    name: "a status of four digits",
    bytes: lines("HTTP/1.1 2000 OK"),
    expect: { failure: "a status line without a status of three digits" },
  },
  {
    name: "two different lengths",
    bytes: lines("HTTP/1.1 200 OK", "Content-Length: 2", "Content-Length: 3"),
    expect: { failure: "two different Content-Lengths" },
  },
  ...["", "-1", "+1", "1,1", "0x10", "1e3", "9999999999999999", "1 1"].map((value) => ({
    name: `Content-Length "${value}"`,
    bytes: lines("HTTP/1.1 200 OK", `Content-Length: ${value}`),
    expect: { failure: "a Content-Length that is not a number" },
  })),
  {
    name: "length and chunks at once",
    bytes: lines("HTTP/1.1 200 OK", "Content-Length: 2", "Transfer-Encoding: chunked"),
    expect: { failure: "both Content-Length and Transfer-Encoding in one response" },
  },
  ...["gzip, chunked", "identity", "chunked, chunked"].map((value) => ({
    name: `Transfer-Encoding ${value}`,
    bytes: lines("HTTP/1.1 200 OK", `Transfer-Encoding: ${value}`),
    expect: { failure: "a Transfer-Encoding other than chunked" },
  })),
  {
    name: "a field without a colon",
    bytes: lines("HTTP/1.1 200 OK", "Nonsense"),
    expect: { failure: "a header line without a name and a colon" },
  },
  {
    name: "a space before the colon",
    bytes: lines("HTTP/1.1 200 OK", "Content-Length : 4"),
    expect: { failure: "a header field whose name holds white space, or a folded line" },
  },
  {
    name: "a folded line",
    bytes: lines("HTTP/1.1 200 OK", "X: a", " b"),
    expect: { failure: "a header field whose name holds white space, or a folded line" },
  },
  {
    name: "a switch of protocols",
    bytes: lines("HTTP/1.1 101 Switching Protocols", "Upgrade: h2c"),
    expect: { failure: "a switch of protocols that nobody asked for" },
  },
  {
    name: "interim responses without an end",
    bytes: lines("HTTP/1.1 102 Processing").repeat(101),
    expect: { failure: "more than 100 interim responses" },
  },
  {
    name: "bytes behind the end",
    bytes: `${lines("HTTP/1.1 200 OK", "Content-Length: 2")}abcde`,
    expect: { body: "ab", failure: "3 bytes after the end of the response" },
  },
  ...[
    { chunks: "g\r\n", failure: "a chunk without a size" },
    { chunks: "\r\n", failure: "a chunk without a size" },
    { chunks: "1z\r\n", failure: "a chunk size that is not hexadecimal" },
    { chunks: "1\rx", failure: "a carriage return inside a chunk's size" },
    { chunks: "2\r\nabc", failure: "a chunk longer than its size" },
    { chunks: "1234567890abc\r\n", failure: "a chunk size of more than 12 digits" },
    { chunks: `1;${"x".repeat(17000)}`, failure: "a chunk extension over 16 KiB" },
    { chunks: `0\r\n${"A: b\r\n".repeat(11000)}`, failure: "trailer fields over 64 KiB" },
  ].map(({ chunks, failure }) => ({
    name: `chunks: ${failure} (${JSON.stringify(chunks.slice(0, 8))})`,
    bytes: `${lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")}${chunks}`,
    expect: { failure },
  })),
];

for (const { name, bytes, expect } of failures) {
  test(`parser refuses ${name}`, () => {
    const whole = parse(Buffer.from(bytes, "latin1"), {});
    assert.partialDeepStrictEqual(whole, { ...expect, state: "failed" });
    const middle = Math.floor(bytes.length / 2);
    for (const cut of [1, 5, middle, bytes.length - 1])
      assert.equal(parse(Buffer.from(bytes, "latin1"), { cuts: [cut] }).failure === "", false);
  });
}

test("parser: a head up to 64 KiB passes, a longer one is refused, in one piece and in many", () => {
  const sized = (size: number): Buffer => {
    const frame = lines("HTTP/1.1 200 OK", "Content-Length: 0", "X: ");
    return Buffer.from(frame.replace("X: ", `X: ${"y".repeat(size - frame.length)}`), "latin1");
  };
  const many = Array.from({ length: 100 }, (_, i) => i * 700);
  for (const cuts of [[], many]) {
    assert.equal(parse(sized(HEAD_BYTES_MAX), { cuts }).state, "done");
    assert.equal(parse(sized(HEAD_BYTES_MAX + 1), { cuts }).failure, "a response head over 64 KiB");
  }
});
