import type { DriverEnd } from "../../pull/driver-contract.ts";

/**
 * Pulls that count as the first of their image because their machine had not pulled it, though another one had: machines do not
 * ask each other before a pull. Less these, the first pulls of all machines are those of the run. 0 on one machine. Of a machine
 * that is lost, nobody knows what it had pulled.
 */
export function firstElsewhere({ nodes, threads }: Pick<DriverEnd, "nodes" | "threads">): number {
  if (nodes.length < 2) return 0;
  // What is a thread elsewhere is a machine here.
  const machines = threads.map(({ images }) => new Set(images.map(({ image }) => image)));
  const all = machines.reduce((sum, { size }) => sum + size, 0);
  return all - new Set(machines.flatMap((images) => [...images])).size;
}
