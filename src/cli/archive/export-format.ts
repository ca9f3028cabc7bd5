/** The forms in which archives leave and come. */
export const exportFormats = ["mcap", "jsonl", "trace", "mcl"] as const;
export type ExportFormat = (typeof exportFormats)[number];
