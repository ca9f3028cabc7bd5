// The seam between what is said and what carries it. A transport knows nothing of messages but their bytes and their lane.

/**
 * How a message travels.
 *
 * | lane | what goes there | promise |
 * | --- | --- | --- |
 * | fleeting | clock, heartbeat | at once or never; lost with the connection |
 * | control | hello, plan, ready, start, control, done, … | at least once, in the order of the lane |
 * | work | ops | at least once, in order |
 * | results | snapshot, results, skipped | at least once, in order, kept while the connection is cut |
 *
 * What is delivered twice is dropped by its number, above the transport.
 */
export type Lane = "fleeting" | "control" | "work" | "results";

export interface LinkListener {
  /** One frame as it was handed to `send` at the other end. Borrowed until return. */
  frame(bytes: Uint8Array): void;
  /** The connection stands again, or is cut; a transport that hides cuts never calls it. */
  connected(up: boolean): void;
  /** Nothing comes any more and nothing is sent: the other end is gone for good, or broke the rules. */
  closed(reason: string): void;
}

/**
 * One end of the conversation between a master and a node. It survives the connections that carry it. Frames are at most
 * `FRAME_BYTES_MAX` long (protocol/codec.ts splits what is longer).
 */
export interface Link {
  /** The other end, for sentences: `localhost:8081`, or the name of a node. */
  readonly peer: string;
  /** Nobody between the two can read along: TLS, or the same machine. Secrets go nowhere else. */
  readonly isPrivate: boolean;
  /** Longest frame, where that is less than `FRAME_BYTES_MAX`. */
  readonly frameBytes?: number;
  /** Takes the frame over: its memory must stay as it is. Never blocks. */
  send(frame: Uint8Array, lane: Lane): void;
  /** Bytes of kept frames that are not known to have arrived: what back-pressure looks at. */
  readonly unacknowledgedBytes: number;
  /** Kept frames that are not known to have arrived, in order: what a node keeps itself when its master is lost. */
  unacknowledged(): readonly Uint8Array[];
  /** Called once; what came before is delivered then. */
  listen(listener: LinkListener): void;
  /**
   * What comes is delivered while there is room for it, and is not acknowledged before: it is asked before each frame but
   * fleeting ones. What waits meanwhile is bounded, since the other end sends only so much ahead of what is acknowledged.
   */
  deliverWhile?(hasRoom: () => boolean): void;
  /** Ends the conversation after what was sent before. */
  close(): void;
  /**
   * The other end has been silent for too long. Only where what is sent is kept between the two: the conversation goes on, and
   * another master may come to take it up.
   */
  forsake?(): void;
}

/** The master's side of a transport. */
export interface NodeFinder {
  /**
   * Finds the nodes of a run, in the order that gives them their numbers. Those that do not answer within the time are
   * named in `missing` with a sentence each. `met` is called with links as soon as they stand: others may take long, and
   * nodes give masters up that give no signs of life meanwhile.
   */
  find(met?: (link: Link) => void): Promise<FoundNodes>;
  /** Where runs are remembered until they are closed; a transport that keeps nothing has none. */
  readonly memory?: RunMemory | undefined;
  close(): Promise<void>;
}

/** What is kept of a run, besides its operations and results, so that another master can carry it on. Plain data. */
export interface RunMemory {
  /** What the run is: kept before anything is sent. `hellos`: what the nodes said of themselves, in their order. */
  describe(description: RunDescription): Promise<void>;
  /** Something that happened to the run, in the order of happening. Settled when it is kept. */
  note(note: unknown): Promise<void>;
  /** Settled with a sentence when another master has the run: nothing that this one does counts from then on. */
  readonly takenOver: Promise<string>;
}

export type RunDescription = { readonly hellos: readonly unknown[]; readonly run: unknown };

export type FoundNodes = {
  readonly links: readonly Link[];
  readonly missing: readonly MissingNode[];
  /** Of a run that another master began. */
  readonly begun?: BegunRun;
};

/** A run that has lost its master. Its links are those of all nodes, whether they still answer or not. */
export interface BegunRun {
  readonly description: RunDescription;
  /**
   * Makes the run this master's: nodes hear it and no other. Throws DrayageError where its master lives, it is over, or somebody
   * else was faster.
   */
  take(): Promise<void>;
  /** All notes so far, in order; once it is taken. */
  notes(): Promise<readonly unknown[]>;
  /** Why nodes do not answer, by their link; known when it is taken. */
  readonly gone: ReadonlyMap<Link, string>;
  /**
   * Tells everything so far, in order; what nodes sent is heard on their links meanwhile, and from then on as in any run.
   * Waits with what comes next while the listener's promise is not settled. Throws DrayageError when not everything is there.
   */
  retell(listener: BegunListener): Promise<void>;
}

export interface BegunListener {
  /** A frame of the lane `work`, as the first master sent it. Borrowed until return. */
  work(link: Link, frame: Uint8Array): void;
  note(note: unknown): void;
  /** Asked before each piece: there may be much. */
  room(): Promise<void>;
}

export type MissingNode = {
  readonly name: string;
  readonly sentence: string;
  /** Nobody was there at all, rather than somebody who does not take part. */
  readonly absent: boolean;
};

/** The node's side of a transport: one conversation after the other. */
export interface MasterAwaiter {
  /**
   * `conversation` is called for every master that comes; a link to refuse is closed by the callee. `isBusy`: whether it would
   * be refused, for transports that ask first.
   */
  await(conversation: (link: Link) => void, isBusy?: () => boolean): Promise<void>;
  /** Where masters find it, for people. */
  readonly address: string;
  close(): Promise<void>;
}
