import { invariant } from "../core/errors.ts";
import { Failure } from "../core/failure.ts";
import { Op } from "../core/operation.ts";
import { pushBlob } from "./blob-push.ts";
import { ContentSource } from "./content.ts";
import type { RegistryFlight } from "./flight.ts";
import { pushManifest, putManifest } from "./manifest-push.ts";
import { isBlobPush, type Order, sendsBody } from "./order.ts";
import type { Script } from "./script.ts";

const PARTIAL = 206;

/** GET: 200, and the digest that was asked for; of a range 206. */
const get: Script = {
  begin: (flight) => flight.requestTarget(true),
  answered(flight) {
    const isPart = flight.order.ranged && flight.status === PARTIAL;
    if (flight.status !== 200 && !isPart) flight.failWithStatus("GET");
    else if (flight.order.verify && !flight.digestMatches()) digestMismatch(flight);
    else flight.succeed();
  },
};

/** HEAD: 200, or 404 where the object is known not to exist. */
const head: Script = {
  begin: (flight) => flight.requestTarget(false),
  answered(flight) {
    const expected = flight.order.expectMissing ? 404 : 200;
    if (flight.status === expected) flight.succeed();
    else flight.failWithStatus("HEAD");
  },
};

/** `GET /v2/`: 200. */
const ping: Script = {
  begin: (flight) => flight.requestTarget(true),
  answered(flight) {
    if (flight.status === 200) flight.succeed();
    else flight.failWithStatus("GET /v2/");
  },
};

const HEAD_FIRST_BYTE = "H".charCodeAt(0);
const STATUS_REFUSED_MIN = 400;

/** Any request of synthetic load: whatever is no refusal is a success, but for a body that should have been another. */
const request: Script = {
  begin(flight) {
    if (sendsBody(flight.order)) sendTargetWithBody(flight);
    else flight.requestTarget(flight.order.target[0] !== HEAD_FIRST_BYTE);
  },
  answered(flight) {
    const { order } = flight;
    const refused = flight.status >= STATUS_REFUSED_MIN;
    if (sendsBody(order)) flight.bytes = refused ? 0 : order.size;
    if (refused) flight.failWithStatus("request");
    else if (order.verify && !flight.digestMatches()) digestMismatch(flight);
    else flight.succeed();
  },
};

function sendTargetWithBody(flight: RegistryFlight): void {
  const { order, client } = flight;
  flight.request({
    head: order.target,
    expectsBody: true,
    body: () => new ContentSource(client.contentOf(order.key, order.size)),
    bodyBytes: order.size,
  });
}

function digestMismatch(flight: RegistryFlight): void {
  const wanted = flight.order.digest.toString("hex");
  flight.fail(
    Failure.digest_mismatch,
    `${flight.bytes} bytes received do not have the digest sha256:${wanted}`,
  );
}

/** The script of an operation, by the codes of core/operation.ts. */
export function scriptOf(order: Order): Script {
  switch (order.op) {
    case Op.GET:
      return get;
    case Op.HEAD:
      return head;
    case Op.PING:
      return ping;
    case Op.PUT:
      return isBlobPush(order) ? pushBlob : putManifest;
    case Op.PUSH:
      return isBlobPush(order) ? pushBlob : pushManifest;
    case Op.REQUEST:
      return request;
    default:
      invariant(false, `operation ${order.op} has no script`);
  }
}
