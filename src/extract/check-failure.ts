import { DrayageError } from "../core/errors.ts";

/** A masking check that forbids the output: collision, leak, too small a class, another file than --verify expects. Exit 8. */
export class CheckFailure extends DrayageError {
  override readonly name = "CheckFailure";

  constructor(message: string) {
    super("check-failed", message);
  }
}
