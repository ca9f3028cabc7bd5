import { apiError } from "./api-error.ts";
import type { Call, Registry } from "./registry.ts";
import type { Reply } from "./reply.ts";
import { pause } from "./unheld-pause.ts";

/** How reading a request's body ended: completely, by the client going away, or by an answer that refuses it. */
export type BodyEnd = "complete" | "aborted" | Reply;

/**
 * Hands every piece of the body to `take`, which may refuse the rest by returning an answer. Pieces belong to `take`.
 * One promise and four listeners per upload, none per piece.
 */
export function readBody(
  registry: Registry,
  call: Call,
  take: (piece: Buffer) => Reply | undefined,
): Promise<BodyEnd> {
  const { request } = call;
  if (request.destroyed) return Promise.resolve("aborted");
  return new Promise((resolve, reject) => {
    const end = (how: BodyEnd): void => {
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("close", onClose);
      // What is left of a refused body is read and thrown away, so that the client gets to read the answer.
      request.resume();
      resolve(how);
    };
    // A listener of a socket must not throw: nobody but the process would hear of it.
    const taken = (piece: Buffer): Reply | undefined => {
      try {
        return take(piece);
      } catch (error) {
        reject(error);
        return apiError("UNKNOWN", "the registry itself failed");
      }
    };
    const onData = (piece: Buffer): void => {
      call.requestBytes += piece.length;
      const refusal = taken(piece);
      if (refusal !== undefined) {
        end(refusal);
        return;
      }
      const waitMs = registry.bandwidth?.claim(request.socket, piece.length, registry.now()) ?? 0;
      if (waitMs > 0) {
        request.pause();
        void pause(waitMs).then(() => request.resume());
      }
    };
    const onEnd = (): void => end("complete");
    const onClose = (): void => end(request.complete ? "complete" : "aborted");
    request.on("data", onData);
    request.on("end", onEnd);
    request.on("close", onClose);
    // Without a listener an aborted upload would end the process; `close` follows and tells the handler.
    request.on("error", () => undefined);
  });
}

/** Reads a body that has to fit into memory at once. */
export async function readWholeBody(
  registry: Registry,
  call: Call,
  limitBytes: number,
): Promise<Buffer | "aborted" | Reply> {
  const tooLarge = apiError("SIZE_INVALID", `the body may have ${limitBytes} bytes at most`, {
    status: 413,
  });
  if (Number(call.request.headers["content-length"] ?? 0) > limitBytes) return tooLarge;
  const pieces: Buffer[] = [];
  let size = 0;
  const end = await readBody(registry, call, (piece) => {
    size += piece.length;
    pieces.push(piece);
    return size > limitBytes ? tooLarge : undefined;
  });
  return end === "complete" ? Buffer.concat(pieces, size) : end;
}
