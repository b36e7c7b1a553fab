/** The claims of a token by name, each as its JSON text. */
export type Claims = ReadonlyMap<string, string>;

/** Kinds of reasons, each with a counter. */
export type JwtFault = "Malformed" | "Unsigned" | "Expired" | "Early" | "Foreign" | "Claims";

/** A token does not let anybody in. */
export class JwtRefused extends Error {
  override readonly name = "JwtRefused";

  /**
   * @param fault What is wrong with it.
   * @param message The same, so that who made it finds the mistake: for the log, not for clients.
   */
  constructor(readonly fault: JwtFault, message: string) {
    super(message);
  }
}
