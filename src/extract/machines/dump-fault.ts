/** Why one dump cannot be used. The run goes on with the next one, and ends as a partial result. */
export class DumpFault extends Error {
  override readonly name = "DumpFault";
}
