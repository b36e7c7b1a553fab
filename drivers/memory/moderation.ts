import type { Admission, Moderation } from "../moderation.ts";
import { StoreRefused } from "../errors.ts";

/** Admits everything, and mutes nobody. */
export class AdmitAll implements Moderation {
  admit(): Promise<Admission> {
    return Promise.resolve({ admitted: true });
  }

  mute(): Promise<void> {
    return Promise.reject(new StoreRefused("Cannot mute: this store keeps no mutes"));
  }

  unmute(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
