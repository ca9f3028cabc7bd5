import { takeOrigin, threadClock } from "../../core/clock.ts";
import { DrayageError } from "../../core/errors.ts";
import { Failure } from "../../core/failure.ts";
import { nanosFromSeconds, seconds } from "../../core/units.ts";
import { requestHead } from "../../registry/request-head.ts";
import { Connection } from "../../wire/connection.ts";
import type { ExchangeOwner } from "../../wire/exchange.ts";
import { connectTarget, type TlsOptions } from "../../wire/origin.ts";
import { ThreadWire } from "../../wire/thread-wire.ts";
import type { LoadTarget } from "./load-target.ts";

const CONNECT_SECONDS = 10;
const ANSWER_SECONDS = 30;

/**
 * One HEAD before the start: where nobody answers, there is nothing to load. What it answers does not matter. It goes over
 * the wire that the load itself will use, which also starts in a tenth of a second of processor less than a second client.
 */
export function firstAnswer(target: LoadTarget, trust: TlsOptions): Promise<void> {
  const limit = nanosFromSeconds(seconds(ANSWER_SECONDS));
  const wire = new ThreadWire({
    clock: threadClock(takeOrigin()),
    timeouts: {
      connect: nanosFromSeconds(seconds(CONNECT_SECONDS)),
      firstByte: limit,
      idle: limit,
      total: limit,
    },
  });
  const connection = new Connection(connectTarget(target.origin, trust), wire);
  const head = requestHead("HEAD", target.path, target.style);
  return new Promise((resolve, reject) => {
    const owner: ExchangeOwner = {
      onHead: () => undefined,
      onBody: () => undefined,
      onEnd() {
        connection.close();
        resolve();
      },
      onFailure: (code, message) => reject(unreachable(code, message)),
    };
    connection.exchange(owner, head, head.length, false);
  });
}

function unreachable(code: number, message: string): DrayageError {
  const advice = code === Failure.tls ? adviceFor(message) : undefined;
  const text = advice === undefined ? message : `${message}; ${advice}`;
  return new DrayageError("target-unreachable", text);
}

/** By the code at the end of the message. */
function adviceFor(message: string): string | undefined {
  if (/\((DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UNABLE_TO)_/.test(message))
    return "if you trust it, give its authority: --ca FILE, or --insecure";
  if (/\(ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)\)/.test(message))
    return "it does not speak TLS: is its URL http:// rather than https://?";
  return undefined;
}
