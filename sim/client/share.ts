import { randomFloat, seededPrng } from "../../base/prng.ts";
import type { Share } from "../types.ts";
import type { VirtualClient } from "./virtual_client.ts";

/** The clients that something is done to: the same for the same seed, in whichever process. */
export function chosenOf(
  clients: readonly VirtualClient[],
  { share, seed }: Share,
): VirtualClient[] {
  return clients.filter(({ index }) => randomFloat(seededPrng(seed * 1_000_003 + index)) < share);
}
