// Passwords, tokens and client keys of registries, on their way to nodes. Where others could read along they stay behind, and a
// node looks for them in its own environment: by what stands in their place it knows which.
import type { EndpointSpec } from "../registry/client-spec.ts";

type Kind = "PASSWORD" | "TOKEN" | "KEY";

/** Where a registry's secrets stand on a node that the master could not send them to. */
const variableOf = (index: number, kind: Kind): string => `DRAYAGE_REGISTRY_${index}_${kind}`;

/** Every secret of an endpoint as `secret` says; what has none stays as it is. */
function mapSecrets(endpoint: EndpointSpec, secret: (kind: Kind, value: string) => string) {
  const { auth, key } = endpoint;
  const map = (kind: Kind, value: string | undefined): string | undefined =>
    value === undefined ? undefined : secret(kind, value);
  const shown = key === undefined ? endpoint : { ...endpoint, key: secret("KEY", key) };
  switch (auth.type) {
    case "none":
      return shown;
    case "basic":
      return { ...shown, auth: { ...auth, password: secret("PASSWORD", auth.password) } };
    case "bearer": {
      const password = map("PASSWORD", auth.password);
      return { ...shown, auth: { ...auth, password, token: map("TOKEN", auth.token) } };
    }
    default:
      return auth satisfies never;
  }
}

/** The same endpoints without anything secret. */
export const withoutSecrets = (endpoints: readonly EndpointSpec[]): EndpointSpec[] =>
  endpoints.map((endpoint) => mapSecrets(endpoint, () => ""));

export function hasSecrets(endpoints: readonly EndpointSpec[]): boolean {
  let some = false;
  for (const endpoint of endpoints)
    mapSecrets(endpoint, (_, value) => {
      some = true;
      return value;
    });
  return some;
}

/** The endpoints with the secrets that this machine knows, or a sentence of what is missing. */
export function withSecretsOf(
  env: NodeJS.ProcessEnv,
  endpoints: readonly EndpointSpec[],
): EndpointSpec[] | string {
  const missing: string[] = [];
  const filled = endpoints.map((endpoint, index) =>
    mapSecrets(endpoint, (kind) => {
      const name = variableOf(index, kind);
      const value = env[name];
      if (value === undefined || value === "") missing.push(name);
      return value ?? "";
    }),
  );
  if (missing.length === 0) return filled;
  return `credentials do not travel unencrypted: start it with --tls-cert and --tls-key and the master with --ca, or set ${missing.join(", ")} in its environment`;
}
