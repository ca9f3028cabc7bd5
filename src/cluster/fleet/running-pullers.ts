// Who pulls on which node, as far as the master knows: when a node is lost, its pullers have ended, and its part of a herd has said
// everything that it will ever say.
import type { FromPullThread, ToPullThread } from "../../workers/pull-messages.ts";

type Node = {
  /** By puller: how many of its lives have not ended. */
  readonly lives: Map<number, number>;
  herd: "herd-ready" | "herd-done" | undefined;
  lost: boolean;
};

export class RunningPullers {
  readonly #nodes: readonly Node[];

  constructor(nodes: number) {
    this.#nodes = Array.from({ length: nodes }, () => ({
      lives: new Map(),
      herd: undefined,
      lost: false,
    }));
  }

  /** An order is on its way. Returns what a lost node would have to say to it. */
  order(index: number, order: ToPullThread): FromPullThread | undefined {
    const node = this.#nodes[index] as Node;
    const answer = answerTo(order);
    if (node.lost) return answer;
    if (order.type === "start")
      node.lives.set(order.puller, (node.lives.get(order.puller) ?? 0) + 1);
    else if (answer?.type === "herd-ready" || answer?.type === "herd-done") node.herd = answer.type;
    return undefined;
  }

  hear(index: number, message: FromPullThread): void {
    const node = this.#nodes[index] as Node;
    if (message.type === "ended")
      node.lives.set(message.puller, (node.lives.get(message.puller) ?? 1) - 1);
    else if (message.type === node.herd) node.herd = undefined;
  }

  /** What is missing of a node that is lost. */
  lose(index: number): FromPullThread[] {
    const node = this.#nodes[index] as Node;
    node.lost = true;
    const ends = [...node.lives].flatMap(([puller, lives]) =>
      Array.from({ length: lives }, (): FromPullThread => ended(puller)),
    );
    node.lives.clear();
    if (node.herd === undefined) return ends;
    return [...ends, node.herd === "herd-ready" ? { type: node.herd } : noClients];
  }
}

const ended = (puller: number): FromPullThread => ({ type: "ended", puller, exhausted: false });
const noClients: FromPullThread = { type: "herd-done", clients: [] };

function answerTo(order: ToPullThread): FromPullThread | undefined {
  switch (order.type) {
    case "start":
      return ended(order.puller);
    case "herd-prepare":
      return { type: "herd-ready" };
    case "herd-release":
      return noClients;
    case "stop":
    case "step":
    case "abort":
    case "finish":
      return undefined;
    default:
      return order satisfies never;
  }
}
