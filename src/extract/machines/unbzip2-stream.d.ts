declare module "@openpgp/unbzip2-stream" {
  /** Unpacks bzip2, any number of streams one behind the other; damage becomes an error of the stream. */
  function unbzip2Stream(input: ReadableStream<Uint8Array>): ReadableStream<Uint8Array>;
  export = unbzip2Stream;
}
