// Waits for an answer that may never come: a message server says that nobody answers only where nobody listens, and others may
// listen to all that is asked of a session. So the session is looked for until there is an answer.
//
//   asked ---- 0.5 s ---- seen? ---- yes: 0.5 s ---- seen? ---- ...        the answer, or that there is no such session,
//                          | nobody says, three times in a row             ends it at any moment
//                          +--> there is no host

/** How a session is looked for while a request has no answer. */
export type Looks = {
  readonly everyMs: number;
  /** A host answers at once, unless it is busy. */
  readonly answerMsMax: number;
  /** So many in a row without any answer: there is no host. */
  readonly silentMax: number;
  /** How long nothing may come of an image that was asked for. */
  readonly imageMs: number;
};

export const usualLooks: Looks = { everyMs: 500, answerMsMax: 1500, silentMax: 3, imageMs: 10_000 };

type Search = {
  readonly looks: Looks;
  /** False: nobody says whether it is there. Rejects if it is not. */
  readonly isSeen: () => Promise<boolean>;
  readonly nobody: () => Error;
};

/** Settles as `asked` does, or rejects before. */
export async function whileSeen<T>(
  asked: Promise<T>,
  { looks: { everyMs, silentMax }, isSeen, nobody }: Search,
): Promise<T> {
  const { promise: isGone, reject } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const lookSoon = (silent: number): void => {
    if (isOver) return;
    if (silent === silentMax) reject(nobody());
    else timer = setTimeout(() => look(silent), everyMs).unref();
  };
  const look = (silent: number): void =>
    void isSeen().then((seen) => lookSoon(seen ? 0 : silent + 1), reject);
  lookSoon(0);
  try {
    return await Promise.race([asked, isGone]);
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}
