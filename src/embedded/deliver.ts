// Writes an answer to the wire, whole or damaged. The plain small answer is one write; large ones are written slice by
// slice, and the next slice waits until the socket has room, so that a slow client costs no memory.
import type { ServerResponse } from "node:http";
import type { Fault } from "./fault.ts";
import type { FaultPlan } from "./fault-table.ts";
import { BrokenBody } from "./pull-through/growing-body.ts";
import { UpstreamError } from "./pull-through/upstream-trouble.ts";
import type { Call, Registry } from "./registry.ts";
import type { Reply, ReplyBody } from "./reply.ts";
import { pause } from "./unheld-pause.ts";

/** How an answer went out: status 0 where the client did not get it completely. */
export interface Delivery {
  readonly code: number;
  readonly bodyBytes: number;
}

/** Faults that damage a good answer instead of replacing it. */
type Damage = Extract<Fault, { kind: "truncate" | "stall" | "corrupt" | "no-length" }>;

function damageOf(plan: FaultPlan | undefined): Damage | undefined {
  switch (plan?.fault?.kind) {
    case "truncate":
    case "stall":
    case "corrupt":
    case "no-length":
      return plan.fault;
    default:
      return undefined;
  }
}

/** Bytes per write while a body is streamed. */
const SLICE_BYTES_MAX = 262_144;

export function deliver(
  registry: Registry,
  call: Call,
  reply: Reply,
  plan: FaultPlan | undefined,
): Delivery | Promise<Delivery> {
  const { response } = call;
  const { body } = reply;
  const damage = damageOf(plan);
  if (reply.live !== undefined) {
    return damage !== undefined && reply.live.whole !== undefined
      ? damagedWhenWhole(registry, call, reply.live.whole, plan)
      : deliverLive(registry, call, reply, reply.live.chunks);
  }
  if (damage !== undefined) return deliverDamaged(registry, call, reply, { damage, plan });
  response.writeHead(reply.status, reply.headers as string[]);
  if (body === undefined || call.method === "HEAD") {
    response.end();
    return { code: reply.status, bodyBytes: 0 };
  }
  const { whole } = body.content;
  if (whole === undefined || registry.bandwidth !== undefined) {
    return streamed(registry, call, reply.status, slicesOf(registry, body));
  }
  const isAll = body.from === 0 && body.to === whole.length;
  response.end(isAll ? whole : whole.subarray(body.from, body.to));
  return { code: reply.status, bodyBytes: body.to - body.from };
}

// Bytes that another server is still sending. When they break off, so does the connection: after a head that announced
// a length, or chunks without an end, the client sees that something is missing.
async function deliverLive(
  registry: Registry,
  call: Call,
  { status, headers }: Reply,
  chunks: AsyncIterable<Buffer>,
): Promise<Delivery> {
  const { response, request } = call;
  response.writeHead(status, headers as string[]);
  // The client shall see the head when we do, not with the first bytes.
  response.flushHeaders();
  let sent = 0;
  try {
    for await (const chunk of chunks) {
      if (response.destroyed) break;
      await writeSlice(registry, call, chunk);
      sent += chunk.length;
    }
  } catch (error) {
    if (!(error instanceof BrokenBody || error instanceof UpstreamError)) throw error;
    request.socket.destroySoon();
    return { code: 0, bodyBytes: sent };
  }
  if (!response.destroyed) response.end();
  return { code: response.destroyed ? 0 : status, bodyBytes: sent };
}

async function damagedWhenWhole(
  registry: Registry,
  call: Call,
  whole: () => Promise<Reply | undefined>,
  plan: FaultPlan | undefined,
): Promise<Delivery> {
  const reply = await whole();
  if (reply !== undefined && !call.response.destroyed) return deliver(registry, call, reply, plan);
  call.request.socket.destroySoon();
  return { code: 0, bodyBytes: 0 };
}

async function streamed(
  registry: Registry,
  call: Call,
  status: number,
  slices: Iterable<Buffer>,
): Promise<Delivery> {
  const sent = await write(registry, call, slices);
  if (!call.response.destroyed) call.response.end();
  return { code: call.response.destroyed ? 0 : status, bodyBytes: sent };
}

/** Returns the bytes handed to the socket: fewer than there were if the client went away. */
async function write(registry: Registry, call: Call, slices: Iterable<Buffer>): Promise<number> {
  let sent = 0;
  for (const slice of slices) {
    if (call.response.destroyed) break;
    sent += slice.length;
    await writeSlice(registry, call, slice);
  }
  return sent;
}

// Ends when the socket has room for the next one, and the bandwidth allows it.
async function writeSlice(registry: Registry, call: Call, slice: Buffer): Promise<void> {
  const { response, request } = call;
  const hasRoom = response.write(slice);
  const waitMs = registry.bandwidth?.claim(request.socket, slice.length, registry.now()) ?? 0;
  if (waitMs > 1) await pause(waitMs);
  if (!hasRoom && !response.destroyed && response.writableNeedDrain) await roomIn(response);
}

// Ends when the socket takes more, or when the client is gone.
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off("drain", settle);
      response.off("close", settle);
      resolve();
    };
    response.on("drain", settle);
    response.on("close", settle);
  });
}

function* slicesOf(registry: Registry, body: ReplyBody): Iterable<Buffer> {
  const sliceBytes = Math.min(SLICE_BYTES_MAX, registry.bandwidth?.sliceBytes ?? SLICE_BYTES_MAX);
  for (const slice of body.content.slices(body.from, body.to)) {
    for (let at = 0; at < slice.length; at += sliceBytes) yield slice.subarray(at, at + sliceBytes);
  }
}

async function deliverDamaged(
  registry: Registry,
  call: Call,
  reply: Reply,
  how: { readonly damage: Damage; readonly plan: FaultPlan | undefined },
): Promise<Delivery> {
  const { damage } = how;
  const body = call.method === "HEAD" ? undefined : reply.body;
  const isBare = body === undefined || body.to === body.from;
  switch (damage.kind) {
    case "truncate":
      return truncated(registry, call, reply, isBare ? undefined : body, damage.share);
    case "stall":
      if (isBare) {
        await pause(damage.ms);
        return deliver(registry, call, reply, undefined);
      }
      return stalled(registry, call, reply, body, damage.ms);
    case "corrupt":
      if (isBare) return deliver(registry, call, reply, undefined);
      call.response.writeHead(reply.status, reply.headers as string[]);
      return streamed(
        registry,
        call,
        reply.status,
        flipped(slicesOf(registry, body), {
          bytes: body.to - body.from,
          position: how.plan?.position ?? 0,
        }),
      );
    case "no-length":
      if (isBare) return deliver(registry, call, reply, undefined);
      call.response.writeHead(reply.status, withoutLength(reply.headers));
      return streamed(registry, call, reply.status, slicesOf(registry, body));
    default:
      return damage satisfies never;
  }
}

// The head announces everything, a share of it comes, the connection closes. Without a body nothing comes at all.
async function truncated(
  registry: Registry,
  call: Call,
  reply: Reply,
  body: ReplyBody | undefined,
  share: number,
): Promise<Delivery> {
  let sent = 0;
  if (body !== undefined) {
    call.response.writeHead(reply.status, reply.headers as string[]);
    call.response.flushHeaders();
    sent = await write(registry, call, slicesOf(registry, cut(body, 0, share)));
  }
  // Not `destroy`: what was written is sent before the connection closes.
  call.request.socket.destroySoon();
  return { code: 0, bodyBytes: sent };
}

async function stalled(
  registry: Registry,
  call: Call,
  reply: Reply,
  body: ReplyBody,
  ms: number,
): Promise<Delivery> {
  call.response.writeHead(reply.status, reply.headers as string[]);
  const before = await write(registry, call, slicesOf(registry, cut(body, 0, 0.5)));
  await pause(ms);
  const rest = await streamed(registry, call, reply.status, slicesOf(registry, cut(body, 0.5, 1)));
  return { code: rest.code, bodyBytes: before + rest.bodyBytes };
}

function cut(body: ReplyBody, fromShare: number, toShare: number): ReplyBody {
  const size = body.to - body.from;
  return {
    content: body.content,
    from: body.from + Math.floor(size * fromShare),
    to: body.from + Math.floor(size * toShare),
  };
}

// Changes a copy: the stored bytes stay good.
function* flipped(
  slices: Iterable<Buffer>,
  at: { readonly bytes: number; readonly position: number },
): Iterable<Buffer> {
  const bit = Math.floor(at.position * at.bytes * 8);
  const victim = Math.floor(bit / 8);
  let start = 0;
  for (const slice of slices) {
    const offset = victim - start;
    if (offset >= 0 && offset < slice.length) {
      const copy = Buffer.from(slice);
      copy[offset] = (copy[offset] as number) ^ (1 << (bit % 8));
      yield copy;
    } else yield slice;
    start += slice.length;
  }
}

function withoutLength(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at], headers[at + 1]];
    if (name === undefined || value === undefined || name === "Content-Length") continue;
    kept.push(name, value);
  }
  return kept;
}
