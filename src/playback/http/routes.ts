// Every request that the adapter knows: path, method, and what it does.
import type { Attachment } from "../session/attachment.ts";
import { type ControlName, controlDocs } from "../session/control-values.ts";
import { oneShotText } from "../session/one-shot.ts";
import { controlNamed, filterOf, jsonBody, valueBody } from "../session/request-text.ts";
import { DataStream, type StreamForm } from "./data-stream.ts";
import { type Answer, type Exchange, type Handler, json } from "./http-route.ts";
import { sessionPage } from "./page.ts";
import { readBody } from "./request-body.ts";

export type Route = {
  /** `:name` stands for one part. */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<string, Handler>>>;
  /** Served without token and whatever is not ready yet. */
  readonly isOpen?: boolean;
};

export const routes: readonly Route[] = [
  { path: "/", methods: { GET: page }, isOpen: true },
  { path: "/healthz", methods: { GET: health }, isOpen: true },
  { path: "/cluster", methods: { GET: ({ surroundings }) => json(surroundings.cluster()) } },
  { path: "/session", methods: { GET: ({ host }) => json(host.list()), POST: create } },
  { path: "/session/:id", methods: { GET: describe, DELETE: remove } },
  { path: "/session/:id/control/:name", methods: { GET: readControl, PUT: writeControl } },
  { path: "/session/:id/data", methods: { GET: attach } },
  { path: "/session/:id/stats", methods: { GET: statistics } },
  { path: "/session/:id/keepalive", methods: { POST: keepAlive } },
  { path: "/oneshot", methods: { POST: oneShot } },
];

function page(): Answer {
  return { kind: "raw", status: 200, type: "text/html; charset=utf-8", chunks: [sessionPage()] };
}

function health({ host, surroundings }: Exchange): Answer {
  const waits = surroundings.notReady();
  const recorder = surroundings.recorder();
  const status = waits === undefined ? "ok" : waits;
  return json({ status, sessions: host.size, recorder }, waits === undefined ? 200 : 503);
}

async function create({ host, request, client }: Exchange): Promise<Answer> {
  const { id } = await host.create(jsonBody(await readBody(request)), client);
  const wantsText = (request.headers.accept ?? "").includes("text/plain");
  if (!wantsText) return json({ id }, 201);
  return { kind: "raw", status: 201, type: "text/plain; charset=utf-8", chunks: [`${id}\n`] };
}

const idOf = ({ parts }: Exchange): string => parts.id ?? "";

function describe(exchange: Exchange): Answer {
  return json(exchange.host.describe(idOf(exchange)));
}

async function remove(exchange: Exchange): Promise<Answer> {
  await exchange.host.end(idOf(exchange));
  return { kind: "empty" };
}

const controlOf = ({ parts }: Exchange): ControlName => controlNamed(parts.name);

function readControl(exchange: Exchange): Answer {
  const session = exchange.host.use(idOf(exchange));
  const name = controlOf(exchange);
  return json({ value: session.read(name), doc: controlDocs[name] });
}

async function writeControl(exchange: Exchange): Promise<Answer> {
  const id = idOf(exchange);
  exchange.host.use(id);
  const name = controlOf(exchange);
  const value = valueBody(await readBody(exchange.request));
  return json({ value: await exchange.host.write(id, { name, value }) });
}

/** `Accept` decides on the form; Server-Sent Events are the default. */
function attach({ host, request, response, url, parts }: Exchange): Answer {
  const session = host.find(parts.id ?? "");
  const filter = filterOf(url.searchParams.getAll("filter"));
  const form: StreamForm = (request.headers.accept ?? "").includes("application/x-ndjson")
    ? "ndjson"
    : "sse";
  request.socket.setKeepAlive(true, 30_000);
  request.socket.setNoDelay(true);
  let attachment: Attachment | undefined;
  const stream = new DataStream(response, form, () => attachment?.onRoom());
  attachment = session.attach(stream, filter);
  const attached = attachment;
  response.on("close", () => session.detach(attached));
  return { kind: "streaming" };
}

function statistics(exchange: Exchange): Answer {
  return json(exchange.host.statistics(idOf(exchange)));
}

function keepAlive(exchange: Exchange): Answer {
  exchange.host.use(idOf(exchange));
  return { kind: "empty" };
}

async function oneShot({ host, request }: Exchange): Promise<Answer> {
  const answer = await host.oneShots.answer(jsonBody(await readBody(request)));
  const type = "application/json; charset=utf-8";
  return { kind: "raw", status: 200, type, chunks: [...oneShotText(answer), "\n"] };
}
