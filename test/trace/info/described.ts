import type { TestContext } from "node:test";
import {
  type DescribedTrace,
  type DescribeOptions,
  describeTrace,
} from "../../../src/trace/info/describe-trace.ts";
import { folderWith, type Native } from "../fixtures.ts";

export const MANIFEST_FLOOR = 446;

/** What is said of one file with these records. */
export async function described(
  t: TestContext,
  records: readonly Native[],
  options: Partial<DescribeOptions> = {},
): Promise<DescribedTrace["description"]> {
  const folder = folderWith(t, { "trace.json": JSON.stringify(records) });
  return await describedFiles([folder], options);
}

export async function describedFiles(
  traces: readonly string[],
  options: Partial<DescribeOptions> = {},
): Promise<DescribedTrace["description"]> {
  const { description } = await describeTrace({
    traces,
    manifestFloor: MANIFEST_FLOOR,
    ...options,
  });
  return description;
}
