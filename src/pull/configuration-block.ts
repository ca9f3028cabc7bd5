/** What the first block of output shows, as typed. */
export type ConfigurationBlock = {
  readonly prune: boolean;
  readonly dryRun: boolean;
  readonly shuffle: boolean;
  readonly iterationSeconds: string;
  readonly tallySeconds: string;
  readonly patterns: readonly string[];
  readonly metricsFile: string;
  readonly logFile: string;
  readonly registryUrl: string;
  readonly pullthroughUrl: string;
  readonly filter: string;
  /** Flags that the original does not know, by name, only those that were given; no secrets. */
  readonly additions: readonly (readonly [name: string, value: string])[];
};

const LABEL_COLUMNS = 20;

/** The block, its line breaks included. Byte for byte that of the original driver, which pads its labels to 20 columns. */
export function configurationBlock(block: ConfigurationBlock): string {
  const lines: (readonly [string, string])[] = [
    ["Prune", String(block.prune)],
    ["DryRun", String(block.dryRun)],
    ["Shuffle", String(block.shuffle)],
    ["IterationSeconds", block.iterationSeconds],
    ["TallySeconds", block.tallySeconds],
    ["Patterns", `[${block.patterns.join(" ")}]`],
    ["MetricsFile", block.metricsFile],
    ["LogFile", block.logFile],
    ["RegistryURL", block.registryUrl],
    ["PullthroughURL", block.pullthroughUrl],
    ["Filter", block.filter],
    ...block.additions.map(([name, value]) => [additionLabel(name), value] as const),
  ];
  const text = lines.map(([label, value]) => {
    const head = `  ${label}:`;
    return `${head.length < LABEL_COLUMNS ? head.padEnd(LABEL_COLUMNS) : `${head} `}${value}\n`;
  });
  return `Parsed Configuration:\n${text.join("")}`;
}

/** `namespace-form` becomes `NamespaceForm`; a label longer than the columns keeps one blank behind it. */
const additionLabel = (flag: string): string =>
  flag.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
