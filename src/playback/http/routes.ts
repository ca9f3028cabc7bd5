// Every request that the adapter knows: path, method, and what it does.
import { compileGlob, matchesAny } from "../../archive/glob.ts";
import { messageOf } from "../../core/errors.ts";
import type { Attachment } from "../session/attachment.ts";
import { type ControlName, controlDocs, controlNames } from "../session/control-values.ts";
import { Refusal } from "../session/refusal.ts";
import { itemText } from "../session/stream-item.ts";
import { DataStream, type StreamForm } from "./data-stream.ts";
import { type Answer, type Exchange, type Handler, json } from "./http-route.ts";
import { sessionPage } from "./page.ts";
import { jsonBody, readBody, valueBody } from "./request-body.ts";

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
  const session = exchange.host.use(idOf(exchange));
  const { filter } = session;
  return json({ ...exchange.host.summary(session.id), filter, stats: session.figures() });
}

function remove(exchange: Exchange): Answer {
  exchange.host.end(idOf(exchange));
  return { kind: "empty" };
}

function controlOf({ parts }: Exchange): ControlName {
  const name = controlNames.find((one) => one === parts.name);
  if (name !== undefined) return name;
  throw new Refusal("missing", `no such control: there are ${controlNames.join(", ")}`);
}

function readControl(exchange: Exchange): Answer {
  const session = exchange.host.use(idOf(exchange));
  const name = controlOf(exchange);
  return json({ value: session.read(name), doc: controlDocs[name] });
}

async function writeControl(exchange: Exchange): Promise<Answer> {
  const session = exchange.host.use(idOf(exchange));
  const name = controlOf(exchange);
  const written = valueBody(await readBody(exchange.request));
  return json({ value: await session.write(name, written) });
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

function filterOf(globs: readonly string[]): { matches(path: string): boolean } | undefined {
  if (globs.length === 0) return undefined;
  try {
    const compiled = globs.map((text) => compileGlob(text));
    return { matches: (path) => matchesAny(compiled, path) };
  } catch (error) {
    throw new Refusal("bad", `could not parse filter: ${messageOf(error)}`);
  }
}

function statistics(exchange: Exchange): Answer {
  const session = exchange.host.find(idOf(exchange));
  return json({ ...session.figures(), lateness_hdr: session.histogram() });
}

function keepAlive(exchange: Exchange): Answer {
  exchange.host.use(idOf(exchange));
  return { kind: "empty" };
}

async function oneShot({ host, request }: Exchange): Promise<Answer> {
  const { image, batches } = await host.oneShots.answer(jsonBody(await readBody(request)));
  const items = batches.flatMap((batch, index) =>
    index === 0 ? [itemText(batch)] : [",", itemText(batch)],
  );
  const chunks = ['{"image":', itemText(image), ',"batches":[', ...items, "]}\n"];
  return { kind: "raw", status: 200, type: "application/json; charset=utf-8", chunks };
}
