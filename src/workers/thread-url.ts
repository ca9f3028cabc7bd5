/** URL of a module that is started as a thread. The build rewrites ".ts" in imports but not here: the suffix is our own. */
export const threadUrl = (name: string): URL =>
  new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
