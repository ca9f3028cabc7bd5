// One request from its head to its counters:
//
//   route -> control page?  -> answer
//         -> fault plan     -> wait, then: replace the answer, or damage it at the end
//         -> credentials    -> 401
//         -> handler        -> Reply
//         -> deliver        -> counters, access log
//
// What throws on that way is a mistake of ours in one request: 500 for it, and the others go on.
//
// Runs once per request; without faults and credentials nothing on a GET's way waits or makes a promise.
import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../core/errors.ts";
import { isRepositoryName } from "../registry/reference.ts";
import { apiError } from "./api-error.ts";
import { unauthorized } from "./auth-gate.ts";
import { controlHandler } from "./control-endpoint.ts";
import { type Delivery, deliver } from "./deliver.ts";
import { handlerOf } from "./endpoint-table.ts";
import type { Fault } from "./fault.ts";
import type { FaultPlan } from "./fault-table.ts";
import { withoutNamespace } from "./namespace.ts";
import type { Call, Handled, Registry } from "./registry.ts";
import { emptyReply, type Reply } from "./reply.ts";
import { type RequestType, type Route, routeOf } from "./route.ts";
import { pause } from "./unheld-pause.ts";

export function serveRequest(
  registry: Registry,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = pathOf(request.url ?? "/");
  const route = routeOf(url);
  const method = request.method ?? "GET";
  const call: Call = { request, response, method, route, requestBytes: 0 };
  const startedAt = registry.now();
  if (route.type === "other" && serveControl(registry, call, url)) return;
  try {
    if (registry.faults.isEmpty && registry.gate === undefined) {
      settle(registry, call, answer(registry, call), { plan: undefined, startedAt });
    } else void serveGuarded(registry, call, startedAt).catch(catcher(registry, call, startedAt));
  } catch (error) {
    account(registry, call, fail(registry, call, error), startedAt);
  }
}

const catcher =
  (registry: Registry, call: Call, startedAt: number) =>
  (error: unknown): void =>
    account(registry, call, fail(registry, call, error), startedAt);

// The client hears of it if it has heard nothing yet; otherwise its connection ends before the answer does.
function fail(registry: Registry, call: Call, error: unknown): Delivery {
  const { response } = call;
  const message = messageOf(error);
  registry.troubles.note(message);
  call.trouble = message;
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return { code: 0, bodyBytes: 0 };
  }
  const { status, headers, body } = apiError("UNKNOWN", `the registry itself failed: ${message}`);
  const text = call.method === "HEAD" ? undefined : body?.content.whole;
  response.writeHead(status, headers as string[]);
  response.end(text);
  return { code: status, bodyBytes: text?.length ?? 0 };
}

// A client that takes us for a proxy sends the whole URL.
const pathOf = (url: string): string =>
  url.startsWith("/") ? url : url.replace(/^[a-z]+:\/\/[^/]*/i, "");

function serveControl(registry: Registry, call: Call, url: string): boolean {
  const page = controlHandler(registry, url.split("?")[0] ?? "", call.method);
  if (page === undefined) return false;
  void new Promise<Reply | undefined>((resolve) =>
    resolve(typeof page === "function" ? page(registry, call) : page),
  )
    .then((ready) => (ready === undefined ? undefined : deliver(registry, call, ready, undefined)))
    .catch((error: unknown) => void fail(registry, call, error));
  return true;
}

async function serveGuarded(registry: Registry, call: Call, startedAt: number): Promise<void> {
  const { method, route } = call;
  const plan = registry.faults.isEmpty
    ? undefined
    : registry.faults.plan({ method, type: route.type, name: route.name }, registry.now());
  const timing = { plan, startedAt };
  if (plan !== undefined && plan.delayMs > 0) await pause(plan.delayMs);
  if (plan?.fault?.kind === "reset") {
    resetConnection(call);
    account(registry, call, { code: 0, bodyBytes: 0 }, startedAt);
    return;
  }
  const replaced = replacement(registry, call, plan?.fault) ?? (await refusalOf(registry, call));
  settle(registry, call, replaced ?? answer(registry, call), timing);
}

// A reset proper, so that the client sees ECONNRESET and not an orderly end; TLS has no such thing.
function resetConnection({ request }: Call): void {
  if ("encrypted" in request.socket) request.socket.destroy();
  else request.socket.resetAndDestroy();
}

function replacement(registry: Registry, call: Call, fault: Fault | undefined): Reply | undefined {
  switch (fault?.kind) {
    case "status":
      return injected(fault.status, fault.retryAfter);
    case "redirect":
      return emptyReply(307, ["Location", redirectTarget(fault.url, call)]);
    case "unauthorized":
      return unauthorized(registry.gate?.challenge(registry, call) ?? 'Basic realm="drayage"');
    default:
      return undefined;
  }
}

function injected(status: number, retryAfter: string | undefined): Reply {
  const headers = retryAfter === undefined ? [] : ["Retry-After", retryAfter];
  if (status < 400) return emptyReply(status, headers);
  const code = status === 429 ? "TOOMANYREQUESTS" : "UNKNOWN";
  return apiError(code, "this is an injected fault", { status, headers });
}

// A URL that ends with a slash stands for another registry: the path is kept.
const redirectTarget = (url: string, call: Call): string =>
  url.endsWith("/") ? `${url.slice(0, -1)}${call.request.url ?? "/"}` : url;

function refusalOf(registry: Registry, call: Call): Reply | undefined | Promise<Reply | undefined> {
  const { type } = call.route;
  if (registry.gate === undefined || type === "token") return undefined;
  if (type === "ping" && registry.behaviour.pingIsOpen) return undefined;
  return registry.gate.refusal(registry, call);
}

const namedTypes: readonly RequestType[] = ["manifest", "blob", "upload", "tags", "referrers"];

function answer(registry: Registry, asked: Call): Handled {
  const { behaviour, through } = registry;
  if (through !== undefined) return passThrough(registry, asked);
  const route = behaviour.hasNamespace
    ? withoutNamespace(asked.route, asked.request.headers)
    : asked.route;
  if ("status" in route) return route;
  const call = route === asked.route ? asked : { ...asked, route };
  if (hasBadName(registry, route)) {
    return apiError("NAME_INVALID", "this is not a repository's name", {
      detail: { name: route.name },
    });
  }
  const handler = handlerOf(registry, route, call.method);
  return typeof handler === "function" ? handler(registry, call) : handler;
}

// Names are the upstreams' matter, and so is what they mean.
function passThrough(registry: Registry, call: Call): Handled {
  const handler = handlerOf(registry, call.route, call.method);
  return typeof handler === "function" ? handler(registry, call) : handler;
}

// A repository that exists has a good name: the expression is only asked about others.
const hasBadName = (registry: Registry, { type, name }: Route): boolean =>
  namedTypes.includes(type) && registry.store.find(name) === undefined && !isRepositoryName(name);

interface Timing {
  readonly plan: FaultPlan | undefined;
  readonly startedAt: number;
}

function settle(registry: Registry, call: Call, handled: Handled, timing: Timing): void {
  if (handled instanceof Promise) {
    void handled
      .then((reply) => conclude(registry, call, reply, timing))
      .catch(catcher(registry, call, timing.startedAt));
  } else conclude(registry, call, handled, timing);
}

function conclude(
  registry: Registry,
  call: Call,
  reply: Reply | undefined,
  { plan, startedAt }: Timing,
): void {
  if (reply === undefined || call.response.destroyed) {
    reply?.live?.discard();
    account(registry, call, { code: 0, bodyBytes: 0 }, startedAt);
    return;
  }
  const delivery = deliver(registry, call, reply, plan);
  if (delivery instanceof Promise) {
    void delivery
      .then((done) => account(registry, call, done, startedAt))
      .catch(catcher(registry, call, startedAt));
  } else account(registry, call, delivery, startedAt);
}

function account(registry: Registry, call: Call, done: Delivery, startedAt: number): void {
  registry.counters.record({ type: call.route.type, method: call.method }, done.code, {
    in: call.requestBytes,
    out: done.bodyBytes,
  });
  registry.accessLog?.record(call, {
    status: done.code,
    durationNs: (registry.now() - startedAt) * 1e6,
    writtenBytes: done.bodyBytes,
  });
}
