import { Disposition } from "../../src/ring/outcome-record.ts";
import {
  created,
  digest,
  MANIFEST,
  missing,
  opened,
  retry503,
  SIZE,
  testFlights,
  UPLOAD,
} from "./flight-cases.ts";
import { digestText, reply, sha256 } from "./flights.ts";

const CHECK = `HEAD /v2/lib/app/blobs/${digest} HTTP/1.1`;
const OPEN = "POST /v2/lib/app/blobs/uploads/ HTTP/1.1";
const MOUNT = `POST /v2/lib/app/blobs/uploads/?mount=${digest}&from=lib%2Fbase HTTP/1.1`;
const PUT_MANIFEST = "PUT /v2/lib/app/manifests/v1 HTTP/1.1";

testFlights([
  {
    name: "a blob that is there already is not sent",
    order: (of) => of.put(SIZE),
    replies: [reply(200, { "Content-Length": String(SIZE) })],
    how: Disposition.existing,
    bytes: 0,
    sent: [CHECK],
  },
  {
    name: "a blob of another length is sent all the same",
    order: (of) => of.put(SIZE),
    replies: [reply(200, { "Content-Length": "1" }), opened, created],
    bytes: SIZE,
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a blob is sent to a relative Location whose query comes back byte for byte",
    order: (of) => of.put(SIZE),
    replies: [missing, reply(202, { Location: `${UPLOAD}?_state=a%2Fb%3D&b=+` }), created],
    bytes: SIZE,
    status: 201,
    how: Disposition.sent,
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?_state=a%2Fb%3D&b=+&digest=${digest} HTTP/1.1`],
  },
  {
    name: "a path-relative Location counts from the request that it answers",
    order: (of) => of.put(SIZE),
    replies: [
      missing,
      reply(307, { Location: "/other/uploads/" }),
      reply(202, { Location: "7" }),
      created,
    ],
    bytes: SIZE,
    sent: [
      CHECK,
      OPEN,
      "POST /other/uploads/ HTTP/1.1",
      `PUT /other/uploads/7?digest=${digest} HTTP/1.1`,
    ],
  },
  {
    name: "an upload that is sent elsewhere with 307 is made anew",
    order: (of) => of.put(SIZE),
    replies: [missing, opened, reply(307, { Location: "/store/7" }), created],
    bytes: SIZE,
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`, "PUT /store/7 HTTP/1.1"],
  },
  {
    name: "an upload is not sent elsewhere with 302",
    order: (of) => of.put(SIZE),
    replies: [missing, opened, reply(302, { Location: "/store/7" })],
    error: "http",
    status: 302,
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a registry that opens no upload refuses it",
    order: (of) => of.put(SIZE),
    replies: [missing, reply(405)],
    error: "http",
    status: 405,
    detail: /^POST of an upload: status 405/,
    sent: [CHECK, OPEN],
  },
  {
    name: "a registry that stored other bytes says so in its digest",
    order: (of) => of.put(SIZE),
    replies: [missing, opened, reply(201, { "Docker-Content-Digest": digestText(sha256("")) })],
    error: "digest_mismatch",
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a retry of a push begins with a new session",
    order: (of) => of.put(SIZE),
    client: { retries: retry503 },
    replies: [missing, opened, reply(503, { "Retry-After": "0" }), missing, opened, created],
    attempts: 2,
    bytes: SIZE,
    sent: [
      CHECK,
      OPEN,
      `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`,
      CHECK,
      OPEN,
      `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`,
    ],
  },
  {
    name: "a blob that another repository has is mounted",
    order: (of) => of.push(SIZE),
    replies: [missing, created],
    how: Disposition.mounted,
    bytes: 0,
    sent: [CHECK, MOUNT],
  },
  {
    name: "a mount that opens a session instead is used as one",
    order: (of) => of.push(SIZE),
    replies: [missing, opened, created],
    how: Disposition.sent,
    bytes: SIZE,
    sent: [CHECK, MOUNT, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a mount that is refused is followed by an upload",
    order: (of) => of.push(SIZE),
    replies: [missing, reply(405), opened, created],
    bytes: SIZE,
    sent: [CHECK, MOUNT, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a manifest is put at once",
    order: (of) => of.putManifest(MANIFEST),
    replies: [reply(201, { "Docker-Content-Digest": digestText(sha256(MANIFEST)) })],
    bytes: MANIFEST.length,
    sent: [PUT_MANIFEST],
  },
  {
    name: "a manifest that is sent elsewhere with 308 keeps its body and its type",
    order: (of) => of.putManifest(MANIFEST),
    replies: [reply(308, { Location: "/m" }), created],
    bytes: MANIFEST.length,
    sent: [PUT_MANIFEST, "PUT /m HTTP/1.1"],
  },
]);
