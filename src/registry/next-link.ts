/** Target of the link to the next page (RFC 8288): several lines, several links a line, `rel` quoted or bare, anywhere. */
export function nextLink(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    for (const [, target, parameters = ""] of line.matchAll(
      /<([^>]*)>((?:\s*;\s*[^,;=\s]+(?:\s*=\s*(?:"[^"]*"|[^",;]*))?)*)/g,
    )) {
      const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))/i.exec(parameters);
      const words = (rel?.[1] ?? rel?.[2] ?? "").toLowerCase().split(/\s+/);
      if (words.includes("next")) return target;
    }
  }
  return undefined;
}
