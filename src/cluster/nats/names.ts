// What is called how on the servers. Everything of drayage stands below `drayage.<group>.`; streams and buckets, which have no
// dots in their names, begin with `drayage_<group>`.
//
//   drayage.G.node.<node>                     request: a master opens a conversation with a node
//   drayage.G.talk.<conversation>.<end>.<term>.<kind>   core: what is said to a master, or to the node by a master
//   drayage.G.run.<run>.work.<conversation>.<term>      stream: operations
//   drayage.G.run.<run>.results.<conversation>          stream: rows, snapshots, the end
//   drayage.G.run.<run>.notes                    stream: what masters have to remember, and which of them the run belongs to
//   bucket drayage_G                          KV: who is there; objects: what is too large for a message, what a run is
//   stream drayage_G_<run>                    drayage.G.run.<run>.>
//
// <term> counts the masters of a run, from 1: nobody hears one whose run another has taken over.

/** What a group or a run can be called: one token of a subject, and a part of the name of a stream. */
export const isToken = (name: string): boolean => /^[A-Za-z0-9_-]{1,48}$/.test(name);

/** Of the master that wrote operations, by their subject. */
export const termOf = (subject: string): number =>
  Number(subject.slice(subject.lastIndexOf(".") + 1));

export type End = "master" | "node";

export class Names {
  readonly #group: string;

  constructor(group: string) {
    this.#group = group;
  }

  /** Of the buckets, and of streams up to their run. */
  get bucket(): string {
    return `drayage_${this.#group}`;
  }

  node(id: string): string {
    return `drayage.${this.#group}.node.${id}`;
  }

  /** What `end` hears in a conversation while the run is that of one master, without the kind. */
  talk(conversation: string, end: End, term: number): string {
    return `drayage.${this.#group}.talk.${conversation}.${end}.${term}`;
  }

  stream(run: string): string {
    return `${this.bucket}_${run}`;
  }

  /** Everything that the stream of a run keeps begins so. */
  run(run: string): string {
    return `drayage.${this.#group}.run.${run}`;
  }

  /** Operations for a node. `term`: `*` for all. */
  work(run: string, conversation: string, term: number | "*"): string {
    return `${this.run(run)}.work.${conversation}.${term}`;
  }
}
