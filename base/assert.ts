/**
 * Checks what only a bug of ours can break; never for what a peer sends. Stays on in production.
 *
 * @param condition What must hold.
 * @param message What it means when it does not.
 * @throws {Error} When `condition` is false.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}
