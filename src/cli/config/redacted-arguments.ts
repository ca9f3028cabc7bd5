/** The command line as run.json may keep it: what `--set` and `--nats` say about credentials is left out. */
export const redactedArguments = (args: readonly string[]): string[] =>
  args.map((arg, at) => {
    const [, flag, addresses] = /^(--nats=)(.*)$/s.exec(arg) ?? [];
    if (addresses !== undefined) return `${flag}${redactedAddresses(addresses)}`;
    return args[at - 1] === "--nats" ? redactedAddresses(arg) : redactedSetting(arg);
  });

/** Addresses of message servers without user, password or token. */
export const redactedAddresses = (addresses: string): string =>
  addresses.replace(/(^|,)(\s*[a-z]+:\/\/)?[^,]*@/gi, "$1$2[redacted]@");

const redactedSetting = (arg: string): string =>
  /^(--?set=)?(?:registry|cluster)\b/.test(arg) && /auth|credentials|password|token|@/.test(arg)
    ? arg.replace(/^((?:--?set=)?(?:registry|cluster)[^=]*=).*$/s, "$1[redacted]")
    : arg;
