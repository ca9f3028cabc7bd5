/** Between two looks whether there is room again. */
const ROOM_MS = 10;

/**
 * Frames that came while there was no room for what is in them, in their order. They are not acknowledged before they are
 * delivered: how many there may be is up to the other end, which sends only so much ahead of what is acknowledged.
 */
export class WaitingFrames {
  /** Of all frames in here. */
  bytes = 0;
  readonly #deliver: (frame: Uint8Array) => void;
  #frames: Uint8Array[] = [];
  #hasRoom: () => boolean = () => true;
  #timer: NodeJS.Timeout | undefined;
  /** Somebody listens. */
  #open = false;

  constructor(deliver: (frame: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  get frames(): readonly Uint8Array[] {
    return this.#frames;
  }

  /** Frames are delivered from now on. */
  open(): void {
    this.#open = true;
    this.flush();
  }

  /** Frames are delivered while this is true; it is asked before each. */
  limit(hasRoom: () => boolean): void {
    this.#hasRoom = hasRoom;
  }

  /** Takes the frame over; it is delivered with the next `flush`. */
  add(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.bytes += frame.length;
  }

  /** Delivers a borrowed frame, or a copy of it later. */
  take(frame: Uint8Array): void {
    if (this.#frames.length === 0 && this.#open && this.#hasRoom()) this.#deliver(frame);
    else {
      this.add(Uint8Array.from(frame));
      this.flush();
    }
  }

  /** Delivers what there is room for, and the rest when there is. */
  flush(): void {
    clearTimeout(this.#timer);
    while (this.#open && this.#frames.length > 0) {
      if (!this.#hasRoom()) {
        this.#timer = setTimeout(() => this.flush(), ROOM_MS);
        return;
      }
      const first = this.#frames.shift() as Uint8Array;
      this.bytes -= first.length;
      this.#deliver(first);
    }
  }

  /** Nothing is delivered any more. */
  close(): void {
    this.#open = false;
    clearTimeout(this.#timer);
  }
}
