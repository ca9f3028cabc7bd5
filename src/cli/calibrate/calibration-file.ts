// The file that calibrations are kept in. A module of its own, because zod costs 40 ms of processor to load and a machine
// that was never calibrated has no such file.
import { z } from "zod";
import { calibrationSchema } from "./calibration.ts";

export const FILE_VERSION = 1;

export const fileSchema = z.strictObject({
  version: z.literal(FILE_VERSION),
  key: z.strictObject({
    cpu: z.string(),
    cores: z.int(),
    node: z.string(),
    drayage: z.string(),
  }),
  calibrations: z.array(calibrationSchema),
});
