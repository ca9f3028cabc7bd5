// One writer per directory: a lock file that says who. It is made with "must not exist", so of two that try one wins.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UsageError } from "../core/errors.ts";
import { StorageError } from "./archive-errors.ts";

const SETTLE_MS = 100;

type Holder = {
  readonly pid: number;
  /** Clock ticks since boot at which the process started; null where the system does not tell. */
  readonly started: string | null;
  readonly boot: string | null;
  readonly host: string;
  readonly token: string;
};

export type ArchiveLock = {
  /** StorageError if somebody else has it by now. One that was removed is made again, unless its folder is gone, too. */
  check(): void;
  release(): void;
};

type LockOptions = {
  readonly name?: string;
  /** Take over the lock of another host, which nobody here can ask. One of this host is judged by its process alone. */
  readonly breakLock: boolean;
  readonly onNotice: (sentence: string) => void;
};

/** UsageError `archive in use by pid N on HOST` while somebody else lives. A dead one's lock is taken over. */
export function takeLock(folder: string, options: LockOptions): ArchiveLock {
  const path = join(folder, options.name ?? "lock");
  const mine = { ...ourselves(), token: randomUUID() };
  if (!tryCreate(path, mine)) {
    const holder = settledHolder(path);
    refuseIfAlive(holder, options.breakLock);
    options.onNotice(`took over the lock of pid ${holder?.pid ?? "?"} on ${holder?.host ?? "?"}`);
    moveAway(path, holder);
    if (!tryCreate(path, mine)) throw inUse(readHolder(path));
  }
  // Somebody who found the old lock stale at the same moment may have moved ours away.
  if (readHolder(path)?.token !== mine.token) throw inUse(readHolder(path));
  return {
    check() {
      if (readHolder(path)?.token === mine.token) return;
      // Where the disk cannot be asked just now, or no descriptor is left, nothing is known.
      const isGone = !existsSync(path);
      if (isGone ? tryCreate(path, mine) : !canBeRead(path)) return;
      throw new StorageError(`the archive was taken over: ${inUse(readHolder(path)).message}`);
    },
    release() {
      if (readHolder(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

const ourselves = (): Omit<Holder, "token"> => ({
  pid: process.pid,
  started: startOf(process.pid),
  boot: textOf("/proc/sys/kernel/random/boot_id"),
  host: hostname(),
});

function tryCreate(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(holder)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new StorageError("cannot make the archive's lock", { cause: error });
  }
}

// A lock that was judged stale may have been taken over by somebody else meanwhile: that one is put back.
function moveAway(path: string, judged: Holder | undefined): void {
  const aside = `${path}.${randomUUID()}`;
  if (!existsSync(path)) return;
  renameSync(path, aside);
  const moved = readHolder(aside);
  if (moved?.token !== judged?.token) {
    renameSync(aside, path);
    throw inUse(moved);
  }
  rmSync(aside, { force: true });
}

/** What stands in the lock; one that is being written is given a moment to be complete. */
function settledHolder(path: string): Holder | undefined {
  const holder = readHolder(path);
  if (holder !== undefined) return holder;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETTLE_MS);
  return readHolder(path);
}

function canBeRead(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof found !== "object" || found === null) return undefined;
    const { pid, host, token, started, boot } = found as Readonly<Record<string, unknown>>;
    if (typeof pid !== "number" || typeof host !== "string") return undefined;
    return {
      pid,
      host,
      token: String(token),
      started: typeof started === "string" ? started : null,
      boot: typeof boot === "string" ? boot : null,
    };
  } catch {
    return undefined;
  }
}

// A lock that cannot be read was torn by a crash: its writer did not live to complete it.
function refuseIfAlive(holder: Holder | undefined, breakLock: boolean): void {
  if (holder === undefined) return;
  if (holder.host !== hostname()) {
    if (breakLock) return;
    throw new UsageError(
      `${inUse(holder).message}: if that host is gone, give --break-lock to take it over`,
    );
  }
  const boot = textOf("/proc/sys/kernel/random/boot_id");
  if (boot !== null && holder.boot !== null && boot !== holder.boot) return;
  if (!isRunning(holder.pid)) return;
  const started = startOf(holder.pid);
  if (started !== null && holder.started !== null && started !== holder.started) return;
  throw inUse(holder);
}

const inUse = (holder: Holder | undefined): UsageError =>
  new UsageError(`archive in use by pid ${holder?.pid ?? "?"} on ${holder?.host ?? "?"}`);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

// Field 22 of /proc/PID/stat; names may hold blanks, so counting begins behind the parenthesis.
function startOf(pid: number): string | null {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
