/** Whatever becomes of the work, nodes are not kept waiting, nor this process by its connections to them. */
export async function thenClose<T>(
  nodes: { close(): Promise<void> } | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    await nodes?.close();
  }
}
