// Where a pull test is given its credentials: words of its messages.
import type { CredentialPlaces } from "../registry/authorization.ts";

export const atCache: CredentialPlaces = {
  user: "--user NAME with its password flag",
  token: "of --token-env",
};

export const atUpstream: CredentialPlaces = {
  user: "--registry-user NAME with its password flag",
  token: "of --registry-token-env",
};
