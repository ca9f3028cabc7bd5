import type { RegistryStore } from "./registry-store.ts";
export function generateImages(
  _store: RegistryStore,
  _o: { text: string; seed: string; sharedLayers: number },
): void {}
