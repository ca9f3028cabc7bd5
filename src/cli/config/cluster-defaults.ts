// What the sections `cluster` and `cluster.nats` say where nothing is written: the tables take it from here, and so does whoever has
// no file and does without the tables.
import { millis, seconds } from "../../core/units.ts";

export const machineDefaults = {
  heartbeat: seconds(2),
  lostAfter: seconds(15),
  clockBound: millis(5),
  clockDifference: millis(1000),
} as const;

export const natsDefaults = {
  servers: ["nats://127.0.0.1:4222"] as [string],
  maxBytes: 1024 ** 3,
  maxAge: seconds(24 * 3600),
};
