/** A turn of the page that took longer was none: it was in the background, or stood still. */
const TURN_MS_MAX = 2_000;

/** Where the scene is, when it plays, and when it is sought. It begins again at its end. */
export class TimeLine {
  readonly lengthMs: number;
  #positionMs: number;
  #isPlaying = false;
  #lastMs: number | undefined;

  /** @param positionMs Where it begins; what is outside of the scene is its beginning. */
  constructor(lengthMs: number, positionMs = 0) {
    this.lengthMs = lengthMs;
    this.#positionMs = positionMs > 0 && positionMs < lengthMs ? positionMs : 0;
  }

  /** Whole milliseconds from the beginning, below the length. */
  get positionMs(): number {
    return Math.floor(this.#positionMs);
  }

  get isPlaying(): boolean {
    return this.#isPlaying;
  }

  play(): void {
    this.#isPlaying = true;
  }

  pause(): void {
    this.#isPlaying = false;
  }

  /** Goes to a place; beyond the ends is at them. */
  seek(positionMs: number): void {
    this.#positionMs = Math.min(Math.max(0, positionMs), this.lengthMs - 1);
  }

  /**
   * Goes on with the page's clock.
   *
   * @returns Whether the scene is elsewhere now than by playing on: it began again, or the page had
   * stood still.
   */
  advance(nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = nowMs;
    if (!this.#isPlaying) return false;
    const next = this.#positionMs + elapsedMs;
    this.#positionMs = next % this.lengthMs;
    return next >= this.lengthMs || elapsedMs > TURN_MS_MAX;
  }
}

/** A place as it is written on the page, such as `1:05`. */
export function placeText(positionMs: number): string {
  const seconds = Math.floor(positionMs / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A place as it is said, such as `1 minute 5 seconds`. */
export function placeWords(positionMs: number): string {
  const seconds = Math.floor(positionMs / 1_000);
  const [whole, rest] = [Math.floor(seconds / 60), seconds % 60];
  const minutes = whole === 0 ? "" : `${whole} minute${whole === 1 ? "" : "s"} `;
  return `${minutes}${rest} second${rest === 1 ? "" : "s"}`;
}
