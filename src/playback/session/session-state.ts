// What happens to the state of a session. Read a row: "while <state>, on <event>, go to ...".
//
//            play      pause     tail      seek           out of data   end reached
//   pause    play      pause     tail      pause          pause         pause
//   play     play      pause     tail      play           tail          pause
//   tail     play      pause     tail      play           tail          pause
//
// `tail` moves to the end of data first, and is refused while the end lies in the past. A seek sends the image; in `play`, out of
// data and end reached are found by looking for the next batch, so `play` on an empty archive is `tail` at once.
import type { SessionState } from "./control-values.ts";

export type SessionEvent = SessionState | "seek" | "out-of-data" | "end-reached";

const NEXT: Readonly<Record<SessionState, Readonly<Record<SessionEvent, SessionState>>>> = {
  pause: {
    play: "play",
    pause: "pause",
    tail: "tail",
    seek: "pause",
    "out-of-data": "pause",
    "end-reached": "pause",
  },
  play: {
    play: "play",
    pause: "pause",
    tail: "tail",
    seek: "play",
    "out-of-data": "tail",
    "end-reached": "pause",
  },
  tail: {
    play: "play",
    pause: "pause",
    tail: "tail",
    seek: "play",
    "out-of-data": "tail",
    "end-reached": "pause",
  },
};

export const nextState = (state: SessionState, event: SessionEvent): SessionState =>
  NEXT[state][event];
