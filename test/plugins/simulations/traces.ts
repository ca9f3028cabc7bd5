// Requests for tests of simulations, without files: records laid out as the reader lays them out.
import { Kind, Op } from "../../../src/core/operation.ts";
import type {
  ColumnsContext,
  RequestBatch,
  RequestCursor,
  SimulationContext,
} from "../../../src/plugins/simulations/simulation.ts";
import { KeyNumbers, type TraceKeys } from "../../../src/trace/key-numbers.ts";
import {
  CLIENT_LENGTH_AT,
  HEAD_BYTES,
  KIND_AT,
  METHOD_AT,
  NAME_END_AT,
  NONE,
  REF_START_AT,
  SIZE_AT,
  URI_LENGTH_AT,
} from "../../../src/trace/layout.ts";
import { RecordView, recordBlock } from "../../../src/trace/record-view.ts";

export type Asked = {
  readonly uri: string;
  readonly size: number;
  readonly method?: "GET" | "PUT";
  /** Seconds. */
  readonly at?: number;
  readonly client?: string;
};

const RECORD_BYTES = 256;

/** Requests for blobs by their digests. */
export const blobs = (asked: readonly (readonly [digest: string, size: number])[]): Asked[] =>
  asked.map(([digest, size]) => ({ uri: `v2/a/b/blobs/${digest}`, size }));

function kindOf(uri: string): number {
  if (uri.includes("/blobs/uploads/")) return Kind.upload;
  return uri.includes("/manifests/") ? Kind.manifest : Kind.blob;
}

function write(data: DataView, buffer: Buffer, asked: Asked): void {
  const { uri, size, method = "GET", client } = asked;
  data.setFloat64(SIZE_AT, size, true);
  data.setUint8(METHOD_AT, Op[method]);
  data.setUint8(KIND_AT, kindOf(uri));
  const bytes = buffer.write(uri, HEAD_BYTES);
  data.setUint16(URI_LENGTH_AT, bytes, true);
  data.setUint16(NAME_END_AT, uri.search(/\/(blobs|manifests)\//), true);
  data.setUint16(REF_START_AT, uri.lastIndexOf("/") + 1, true);
  const more = client === undefined ? NONE : buffer.write(client, HEAD_BYTES + bytes);
  data.setUint16(CLIENT_LENGTH_AT, more, true);
}

/** A cursor over these requests; `stopAt`: the user interrupts before that one. */
export function cursorOf(
  list: readonly Asked[],
  { stopAt = Number.POSITIVE_INFINITY }: { readonly stopAt?: number } = {},
): RequestCursor {
  const block = recordBlock(Buffer.alloc(RECORD_BYTES));
  const cursor = {
    total: list.length,
    view: new RecordView(block),
    delayUs: 0,
    seq: -1,
    interrupted: false,
    next(): boolean {
      const asked = list[cursor.seq + 1];
      cursor.interrupted ||= cursor.seq + 1 >= stopAt;
      if (asked === undefined || cursor.interrupted) return false;
      cursor.seq++;
      cursor.delayUs = (asked.at ?? cursor.seq) * 1e6;
      write(block.data, block.buffer, asked);
      return true;
    },
  };
  return cursor;
}

export function contextOf(list: readonly Asked[]): SimulationContext & { readonly said: string[] } {
  const said: string[] = [];
  return { requests: cursorOf(list), say: (line) => void said.push(line), goOn: () => true, said };
}

/** The same as columns: what the reader of traces and the thread of a simulation make of them. */
export function columnsOf(list: readonly Asked[], asked: TraceKeys): ColumnsContext {
  const keys = new KeyNumbers(asked);
  const cursor = cursorOf(list);
  const { view } = cursor;
  const rows: { readonly object: number; readonly size: number }[] = [];
  let leftOut = 0;
  while (cursor.next()) {
    if (keys.wants(view.method, view.kind)) rows.push({ object: keys.add(view), size: view.size });
    else leftOut++;
  }
  const requests = {
    objects: keys.count,
    leftOut,
    fill(batch: RequestBatch): boolean {
      const part = rows.splice(0, batch.objects.length);
      for (const [at, { object, size }] of part.entries()) {
        batch.objects[at] = object;
        batch.sizes[at] = size;
      }
      batch.count = part.length;
      return part.length > 0;
    },
  };
  return { requests, goOn: () => true };
}
