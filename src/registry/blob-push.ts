import { Failure } from "../core/failure.ts";
import { BufferSource } from "./buffer-source.ts";
import { ContentSource } from "./content.ts";
import type { RegistryFlight } from "./flight.ts";
import { appendDigest, resolveLocation, shownLocation } from "./location.ts";
import { digestOf, storedAsSent } from "./pushed-digest.ts";
import { requestHead } from "./request-head.ts";
import { type Script, Step } from "./script.ts";

// The push of a blob, by the step that was answered:
//
//   check    HEAD blob        200 there already, done        404 or "cannot tell" -> mount if a source is known, else open
//   mount    POST ?mount=     201 mounted, done              202 a session was opened instead -> send
//   open     POST uploads/    202 -> send
//   send     PUT Location     201 done
//
// Source: trace-replay.md 4.4 and 5.1, registry-protocol.md 3.
const EXISTING = 1;
const MOUNTED = 2;

const repositoryPath = (flight: RegistryFlight): string => flight.order.target.toString("latin1");

export const pushBlob: Script = {
  begin(flight) {
    flight.step = Step.check;
    const path = `${repositoryPath(flight)}/blobs/${digestOf(flight)}`;
    flight.request({
      head: requestHead("HEAD", path, flight.client.styleOf(flight.order.registry)),
      expectsBody: false,
      bodyBytes: 0,
    });
  },

  answered(flight) {
    switch (flight.step) {
      case Step.check:
        checked(flight);
        return;
      case Step.mount:
        if (flight.status === 201) mounted(flight);
        else if (flight.status === 202 && flight.location !== "") send(flight);
        else open(flight);
        return;
      case Step.open:
        if (flight.status === 202 && flight.location !== "") send(flight);
        else flight.failWithStatus("POST of an upload");
        return;
      default:
        sent(flight);
    }
  },
};

function checked(flight: RegistryFlight): void {
  const { status, contentLength, order } = flight;
  if (status === 200 && (contentLength === order.size || contentLength < 0)) {
    finish(flight, EXISTING);
  } else if (status === 200 || status === 404 || status === 405) {
    if (order.mountFrom === "") open(flight);
    else mount(flight);
  } else {
    flight.failWithStatus("HEAD of a blob");
  }
}

function post(flight: RegistryFlight, query: string): void {
  const style = flight.client.styleOf(flight.order.registry);
  const path = `${repositoryPath(flight)}/blobs/uploads/${query}`;
  flight.request({
    head: requestHead("POST", path, style, [["Content-Length", "0"]]),
    expectsBody: true,
    bodyBytes: 0,
  });
}

function mount(flight: RegistryFlight): void {
  flight.step = Step.mount;
  const from = encodeURIComponent(flight.order.mountFrom);
  post(flight, `?mount=${digestOf(flight)}&from=${from}`);
}

function open(flight: RegistryFlight): void {
  flight.step = Step.open;
  post(flight, "");
}

function send(flight: RegistryFlight): void {
  flight.step = Step.send;
  const { order, client } = flight;
  const insecure = client.isInsecure(order.registry);
  const place = resolveLocation(flight.url, flight.location, { insecure });
  if (place.kind === "refused") {
    flight.fail(Failure.redirect, `Location "${shownLocation(flight.location)}": ${place.reason}`);
    return;
  }
  const style = client.styleOf(order.registry);
  const target = appendDigest(place.target, digestOf(flight));
  flight.requestAt(place, (hostHeader) => ({
    head: requestHead("PUT", target, { ...style, hostHeader }, [
      ["Content-Type", "application/octet-stream"],
      ["Content-Length", String(order.size)],
    ]),
    expectsBody: true,
    body: () =>
      order.body === undefined
        ? new ContentSource(client.contentOf(order.key, order.size))
        : new BufferSource(order.body),
    bodyBytes: order.size,
  }));
}

function sent(flight: RegistryFlight): void {
  if (flight.status !== 201 && flight.status !== 204) {
    flight.failWithStatus("PUT of an upload");
  } else if (storedAsSent(flight)) {
    flight.bytes = flight.order.size;
    flight.succeed();
  }
}

function mounted(flight: RegistryFlight): void {
  if (storedAsSent(flight)) finish(flight, MOUNTED);
}

function finish(flight: RegistryFlight, how: number): void {
  flight.how = how;
  flight.bytes = 0;
  flight.succeed();
}
