/** What is recorded, for whoever opens the file later. Nothing secret: it stands in every file. */
export type SourceNote = {
  readonly kind: "nats" | "proxy" | "api" | "import";
  readonly spec: readonly string[];
  readonly host: string;
};
