import type { ReplayConfig } from "../config/replay-config.ts";

/** Whether anybody but this process is to send. */
export const hasRemoteNodes = ({ clientInfo, cluster }: ReplayConfig): boolean =>
  cluster.nats !== undefined || (clientInfo.clientList?.some((name) => name !== "local") ?? false);
