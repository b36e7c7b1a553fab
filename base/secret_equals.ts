import { createHash, timingSafeEqual } from "node:crypto";

/** Whether two secrets are the same, in a time that tells nothing of where they differ. */
export function secretEquals(shown: string, secret: string): boolean {
  return timingSafeEqual(digest(shown), digest(secret));
}

/** Of one length for every text, as the comparison needs it. */
function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
