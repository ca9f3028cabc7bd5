import { BufferSource } from "./buffer-source.ts";
import type { RegistryFlight } from "./flight.ts";
import { acceptManifests, ociManifest } from "./media-type.ts";
import { digestOf, storedAsSent } from "./pushed-digest.ts";
import { requestHead } from "./request-head.ts";
import { type Script, Step } from "./script.ts";

// The push of a manifest: PUT alone in a run; after a HEAD that finds it missing or different in a warm-up.
const EXISTING = 1;

export const putManifest: Script = {
  begin: send,
  answered: sent,
};

export const pushManifest: Script = {
  begin(flight) {
    flight.step = Step.check;
    const style = flight.client.styleOf(flight.order.registry);
    const path = flight.order.target.toString("latin1");
    flight.request({
      head: requestHead("HEAD", path, style, [["Accept", acceptManifests]]),
      expectsBody: false,
      bodyBytes: 0,
    });
  },

  answered(flight) {
    if (flight.step !== Step.check) {
      sent(flight);
    } else if (flight.status === 200 && flight.contentDigest === digestOf(flight)) {
      flight.how = EXISTING;
      flight.bytes = 0;
      flight.succeed();
    } else if (flight.status === 200 || flight.status === 404 || flight.status === 405) {
      send(flight);
    } else {
      flight.failWithStatus("HEAD of a manifest");
    }
  },
};

function send(flight: RegistryFlight): void {
  flight.step = Step.send;
  const { order, client } = flight;
  const body = order.body as Buffer;
  const path = order.target.toString("latin1");
  flight.request({
    head: requestHead("PUT", path, client.styleOf(order.registry), [
      ["Content-Type", ociManifest],
      ["Content-Length", String(body.length)],
    ]),
    expectsBody: true,
    body: () => new BufferSource(body),
    bodyBytes: body.length,
  });
}

function sent(flight: RegistryFlight): void {
  if (flight.status !== 201) {
    flight.failWithStatus("PUT of a manifest");
  } else if (storedAsSent(flight)) {
    flight.bytes = (flight.order.body as Buffer).length;
    flight.succeed();
  }
}
