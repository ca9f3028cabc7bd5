// Grammar of names, from the OCI distribution specification. A name is at most 255 characters long.

const NAME_CHARACTERS_MAX = 255;
const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const namePattern = new RegExp(`^${part}(?:/${part})*$`);
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export const isRepositoryName = (text: string): boolean =>
  text.length <= NAME_CHARACTERS_MAX && namePattern.test(text);

export const isTag = (text: string): boolean => tagPattern.test(text);
