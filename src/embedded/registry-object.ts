import type { Content } from "./content.ts";
import type { Reply } from "./reply.ts";

/** Something stored under its digest. */
export interface RegistryObject {
  readonly digest: string;
  readonly mediaType: string;
  readonly content: Content;
  /** The plain 200 answer, made at the first GET and used by every later one. */
  fullReply: Reply | undefined;
}

const BLOB_MEDIA_TYPE = "application/octet-stream";

export const registryObject = (
  digest: string,
  content: Content,
  mediaType = BLOB_MEDIA_TYPE,
): RegistryObject => ({ digest, mediaType, content, fullReply: undefined });
