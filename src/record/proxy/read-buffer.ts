// Memory for bodies on their way. What Node would do by itself, a new 64 KiB for every read and another for every piece of a
// body, all left to the garbage collector, took two thirds of the proxy's processor time: collections are triggered by such
// memory, and each looks at the whole heap. Here all sockets of plain upstreams read into one buffer, out of which the parser
// copies, and a piece gives its memory back as soon as it has been written. Guarded by perf/proxy-overhead.bench.ts.
import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import { http } from "../../core/node-http.ts";
import type { KeptBody } from "./kept-body.ts";

/** Large enough for few reads, small enough to stay in the processor's cache and to let others have their turn. */
const READ_BYTES = 256 * 1024;
/** Smaller pieces are not worth the call. */
const RELEASED_BYTES_MIN = 4096;

const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

/** Connections that read into the one buffer. Listeners to `data` must be done with it when they return, as a parser is. */
export class OneBufferAgent extends http.Agent {
  override createConnection(options: TcpNetConnectOpts): Socket {
    const socket: Socket = connect({
      ...options,
      onread: {
        buffer: readBuffer,
        callback: (length, bytes) => {
          socket.emit("data", bytes.subarray(0, length));
          return true;
        },
      },
    });
    return socket;
  }
}

/** The piece, in memory of its own. */
export const ownPiece = (piece: Buffer): Buffer =>
  piece.buffer === readBuffer.buffer ? Buffer.from(piece) : piece;

/** What to do once the piece has been written: it gives its memory back, if it has that alone and nobody keeps it. */
export const whenWritten = (
  piece: Buffer,
  keptIn: KeptBody | undefined,
): (() => void) | undefined => (keptIn === undefined ? () => release(piece) : undefined);

function release({ buffer, length }: Buffer): void {
  if (length >= RELEASED_BYTES_MIN && buffer instanceof ArrayBuffer && buffer.byteLength === length)
    buffer.transfer(0);
}
