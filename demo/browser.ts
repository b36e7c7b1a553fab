/// <reference lib="dom" />
/** What the page takes of the browser besides its elements: time, chance, and what it may keep. */

/** The time of day, in milliseconds since the Unix epoch. */
export function timeOfDay(): number {
  return Date.now();
}

/** A number from 1 to 2^31 - 1. */
export function randomId(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] >>> 1) || 1;
}

/** A time of day as those who watch are used to it, such as `14:05`. */
export function clockText(timeMs: number): string {
  return new Intl.DateTimeFormat(undefined, { timeStyle: "short" }).format(timeMs);
}

/** What is kept for this tab alone, or for the browser. */
export type Keeper = "tab" | "browser";

function storeOf(keeper: Keeper): Storage {
  return keeper === "tab" ? sessionStorage : localStorage;
}

/** A text that was kept; nothing where the browser keeps nothing. */
export function kept(key: string, keeper: Keeper): string | null {
  try {
    return storeOf(keeper).getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a text; a browser that keeps nothing forgets it with the page. */
export function keep(key: string, value: string, keeper: Keeper): void {
  try {
    storeOf(keeper).setItem(key, value);
  } catch {
    // Private windows and full disks.
  }
}

/** Whether those who watch have asked for less motion. */
export const lessMotion: MediaQueryList = matchMedia("(prefers-reduced-motion: reduce)");

/** An element of a part of the page, by its `data-part`. */
export function part<Found extends Element = HTMLElement>(root: ParentNode, name: string): Found {
  const found = root.querySelector<Found>(`[data-part="${name}"]`);
  if (found === null) throw new Error(`the page has no part "${name}"`);
  return found;
}
