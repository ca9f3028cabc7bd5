// Makes a small OCI image with umoci, in a directory of its own, for tests that want somebody else's image.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface OciImage {
  /** As skopeo names it: `oci:<directory>:v1`. */
  readonly reference: string;
  /** An empty directory for whatever the test pulls. */
  readonly directory: string;
  remove(): void;
}

/** Printed by tests that skip because `makeOciImage` gave undefined. */
export const needsUmoci = "needs umoci and tar: apt-get install umoci tar";

const PROGRAM_MS_MAX = 30_000;

/** An image of two layers, tagged v1. Undefined when umoci or tar is missing. Its creation times differ every time. */
export function makeOciImage(): OciImage | undefined {
  const directory = mkdtempSync(join(tmpdir(), "drayage-image-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const layout = join(directory, "img");
  const image = `${layout}:v1`;
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { stdio: "pipe", timeout: PROGRAM_MS_MAX });
  try {
    run("umoci", "init", "--layout", layout);
    run("umoci", "new", "--image", image);
    for (const [at, bytes] of [2000, 300_000].entries()) {
      const content = join(directory, `layer${at}`);
      mkdirSync(content);
      writeFileSync(join(content, `file${at}`), Buffer.alloc(bytes, at + 65));
      run("tar", "-C", content, "-cf", `${content}.tar`, ".");
      run("umoci", "raw", "add-layer", "--image", image, `${content}.tar`);
    }
    run("umoci", "config", "--image", image, "--architecture", "amd64", "--os", "linux");
    run("umoci", "gc", "--layout", layout);
    return { reference: `oci:${image}`, directory, remove };
  } catch (error) {
    remove();
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
