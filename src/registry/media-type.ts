// Manifest types and what is asked for. Registries answer 404, or convert, when the type of what they hold is not in Accept,
// so every request for a manifest names all four. Source: registry-protocol.md 2.3.

export const ociManifest = "application/vnd.oci.image.manifest.v1+json";
export const ociIndex = "application/vnd.oci.image.index.v1+json";
export const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
export const dockerList = "application/vnd.docker.distribution.manifest.list.v2+json";

/** Value of the Accept field of a request for a manifest. */
export const acceptManifests: string = [ociManifest, ociIndex, dockerManifest, dockerList].join(
  ", ",
);
