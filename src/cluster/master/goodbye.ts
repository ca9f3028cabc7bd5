import type { NodeHandle } from "./node-handle.ts";

/** Lets nodes go: those that have not ended hear why. */
export function sayGoodbye(nodes: readonly Pick<NodeHandle, "hasEnded" | "conversation">[]): void {
  for (const { hasEnded, conversation } of nodes) {
    conversation.say({ type: "end", sentence: hasEnded ? "" : "the run was called off" });
    conversation.close();
  }
}
