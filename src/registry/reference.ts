// Names and tags of the OCI distribution specification 1.1.

/** With host and slash, as the reference implementation counts. */
const NAME_CHARACTERS_MAX = 255;

const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const name = new RegExp(`^${part}(?:/${part})*$`);
const tag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export const isRepositoryName = (text: string): boolean =>
  text.length <= NAME_CHARACTERS_MAX && name.test(text);

export const isTag = (text: string): boolean => tag.test(text);
