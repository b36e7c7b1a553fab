/** A caller asked for what cannot be; the message says what is wrong with which parameter. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}
