import type { NameMask } from "./name-mask.ts";
import type { RegistryPath } from "./registry-path.ts";
import type { UploadTable } from "./upload-table.ts";

/** Stands for the identifier of an upload. */
const SESSION = "{session}";

const notSendable = /[^\x21-\x7e]/g;
const escaped = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;

/** Paths as they may be written: uploads without their identifiers, names masked where that is asked for. */
export class RecordedPaths {
  readonly #uploads: UploadTable;
  readonly #mask: NameMask;

  constructor(uploads: UploadTable, mask: NameMask) {
    this.#uploads = uploads;
    this.#mask = mask;
  }

  /** With plain names: what globs are held against. */
  plain(path: string, { kind, name }: RegistryPath): string {
    const text = kind === "upload" ? `/v2/${name}/blobs/uploads/${SESSION}` : path;
    return text.replace(notSendable, escaped);
  }

  masked(path: string, about: RegistryPath): string {
    if (!this.#mask.isMasked) return this.plain(path, about);
    const { kind, reference } = about;
    const name = this.#mask.name(decoded(about.name));
    switch (kind) {
      case "ping":
      case "catalog":
        return path;
      case "tags":
        return `/v2/${name}/tags/list`;
      case "manifest":
        return `/v2/${name}/manifests/${reference}`;
      case "blob":
        return `/v2/${name}/blobs/${reference}`;
      case "referrers":
        return `/v2/${name}/referrers/${reference}`;
      case "uploads":
        return `/v2/${name}/blobs/uploads/`;
      case "upload":
        return `/v2/${name}/blobs/uploads/${SESSION}`;
      case "other":
        return path === "/token" ? path : `/${this.#mask.name(path)}`;
      default:
        return kind satisfies never;
    }
  }

  /** A Location of an answer to a request for `path`: its path alone, since queries hold states and signatures. */
  ofLocation(location: string, path: string): string {
    const place = this.placeOf(location, path);
    return this.masked(place, this.#uploads.read(place));
  }

  placeOf(location: string, path: string): string {
    const place = location.trim().replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*/i, "");
    const [own = ""] = place.split(/[?#]/, 1);
    if (own.startsWith("/")) return own;
    return own === "" ? path : `${path.slice(0, path.lastIndexOf("/") + 1)}${own}`;
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
