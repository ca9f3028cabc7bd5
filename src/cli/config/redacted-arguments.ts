/** The command line as run.json may keep it: what `--set` says about credentials is left out. */
export function redactedArguments(args: readonly string[]): string[] {
  return args.map((arg) =>
    /^(--?set=)?(?:registry|cluster)\b/.test(arg) && /auth|credentials|password|token|@/.test(arg)
      ? arg.replace(/^((?:--?set=)?(?:registry|cluster)[^=]*=).*$/s, "$1[redacted]")
      : arg,
  );
}
