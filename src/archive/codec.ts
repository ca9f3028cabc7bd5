export const codecNames = ["none", "deflate", "zstd"] as const;
export type CodecName = (typeof codecNames)[number];
