import type { EncodedPush } from "../format/encoded_push.ts";

/** What is next for the members of a room. */
export type LogStep =
  /** Something else than frames is next: what waits for the end of a merge window goes first. */
  | { readonly kind: "flush" }
  /** Frames, up to an offset. */
  | { readonly kind: "frames"; readonly push: EncodedPush; readonly last: number }
  /** These will not come. */
  | { readonly kind: "gap"; readonly from: number; readonly to: number }
  /** The log has begun, in the epoch that it has now; or anew, where it had another. */
  | { readonly kind: "epoch" };
