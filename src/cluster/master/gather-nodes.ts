import { DrayageError } from "../../core/errors.ts";
import { Conversation, type Patience } from "../conversation.ts";
import type { Link, MissingNode, NodeFinder } from "../link.ts";
import type { Hello } from "../protocol/message.ts";
import { NodeHandle } from "./node-handle.ts";

/** A node says who it is as soon as it is asked; a machine under load may take some time to come to it. */
const HELLO_MS_MAX = 10_000;

export type GatherOptions = {
  /** Of drayage: nodes of another one are not taken. */
  readonly version: string;
  /** Nodes that are enough; undefined = all. */
  readonly min: number | undefined;
  /** What the user should know. */
  readonly say: (line: string) => void;
};

/** Too few nodes to start with. `absent`: nobody was there at all. */
export class MissingNodes extends DrayageError {
  readonly absent: boolean;

  constructor(missing: readonly MissingNode[], there: number) {
    const sentences = missing.map(({ name, sentence }) => `node ${name}: ${sentence}`);
    super("target-unreachable", sentences.join("\n"));
    this.absent = there === 0 && missing.every(({ absent }) => absent);
  }
}

/**
 * Finds the nodes of a run and learns who they are. Throws MissingNodes that names those that are missing, unless so many are
 * there that the rest may be.
 */
export async function gatherNodes(
  finder: NodeFinder,
  options: GatherOptions,
): Promise<readonly NodeHandle[]> {
  const conversations = new Map<Link, Conversation>();
  const conversationOf = (link: Link): Conversation => {
    const conversation = conversations.get(link) ?? new Conversation(link);
    conversations.set(link, conversation);
    return conversation;
  };
  const found = await finder.find(conversationOf).catch((error: unknown) => {
    for (const conversation of conversations.values()) conversation.close();
    throw error;
  });
  const missing: MissingNode[] = [...found.missing];
  const met = await Promise.all(
    found.links.map((link) => meet(conversationOf(link), options.version)),
  );
  const there = met.filter((one) => {
    if ("hello" in one) return true;
    missing.push(one);
    return false;
  }) as Met[];
  const wanted = options.min ?? found.links.length + found.missing.length;
  if (there.length < Math.max(1, wanted)) {
    for (const { conversation } of there) {
      conversation.say({
        type: "end",
        sentence: "the run was called off: other nodes are missing",
      });
      conversation.close();
    }
    throw new MissingNodes(missing, there.length);
  }
  for (const { name, sentence } of missing)
    options.say(`warning: node ${name}: ${sentence}; it is left out`);
  return there.map(({ conversation, hello }, index) => new NodeHandle(conversation, hello, index));
}

/** The nodes of a run that another master began. `hellos`: what they said then. They are given up for silence only later. */
export function begunNodes(
  links: readonly Link[],
  hellos: readonly Hello[],
  patience: Patience,
): readonly NodeHandle[] {
  return links.map((link, index) => {
    const conversation = new Conversation(link);
    conversation.bePatient({ ...patience, lostAfterMs: Number.POSITIVE_INFINITY });
    const node = new NodeHandle(conversation, hellos[index] as Hello, index);
    node.state = "running";
    return node;
  });
}

type Met = { readonly conversation: Conversation; readonly hello: Hello };

function meet(conversation: Conversation, version: string): Promise<Met | MissingNode> {
  const { promise, resolve } = Promise.withResolvers<Met | MissingNode>();
  const name = conversation.peer;
  const give = (sentence: string): void => {
    resolve({ name, sentence, absent: false });
    conversation.say({ type: "end", sentence: "" });
    conversation.close();
  };
  const late = setTimeout(() => give(`it said nothing in ${HELLO_MS_MAX / 1000} s`), HELLO_MS_MAX);
  const greet = (hello: Hello): void => {
    if (hello.version !== version) {
      give(`it runs drayage ${hello.version}, this is ${version}: install the same on both`);
      return;
    }
    // A busy node says hello and refuses in one breath, as a rule: what comes later is for whoever has the node then.
    setImmediate(() => {
      conversation.rest();
      resolve({ conversation, hello });
    });
  };
  conversation.listen({
    hear: (message) => {
      if (message.type === "hello") greet(message);
      if (message.type === "refuse") give(message.sentence);
    },
    lost: (reason) => resolve({ name, sentence: reason, absent: false }),
  });
  return promise.finally(() => clearTimeout(late));
}
