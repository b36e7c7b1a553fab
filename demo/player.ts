/// <reference lib="dom" />
import { lessMotion, part } from "./browser.ts";
import { Density } from "./density.ts";
import { Scene } from "./scene.ts";
import { placeText, placeWords, TimeLine } from "./time_line.ts";

/** How long the scene's day is. */
export const LENGTH_MS = 180_000;

/** How far a key seeks. */
const KEY_SEEK_MS = 5_000;

const DENSITY_BUCKETS = 90;

/** Who is told what the player does. */
export interface PlayerListener {
  /** The scene is elsewhere now, by those who watch or by itself. */
  sought(positionMs: number): void;
  playing(isPlaying: boolean): void;
}

/** The scene with its time line. */
export class Player {
  readonly density = new Density(LENGTH_MS, DENSITY_BUCKETS);
  readonly #line: TimeLine;
  readonly #scene: Scene;
  readonly #listener: PlayerListener;
  readonly #play: HTMLButtonElement;
  readonly #seek: HTMLInputElement;
  readonly #time: HTMLElement;
  readonly #paths: readonly SVGPathElement[];
  readonly #paused: HTMLElement;
  #shownSecond = -1;

  /** @param startMs Where it begins. */
  constructor(root: ParentNode, startMs: number, listener: PlayerListener) {
    this.#line = new TimeLine(LENGTH_MS, startMs);
    this.#scene = new Scene(part<HTMLCanvasElement>(root, "scene"));
    this.#listener = listener;
    this.#play = part<HTMLButtonElement>(root, "play");
    this.#seek = part<HTMLInputElement>(root, "seek");
    this.#time = part(root, "time");
    this.#paused = part(root, "paused");
    this.#paths = [part<SVGPathElement>(root, "density"), part(root, "density-played")];
    part(root, "length").textContent = ` / ${placeText(LENGTH_MS)}`;
    this.#seek.max = `${LENGTH_MS - 1}`;
    this.#seek.oninput = () => this.seek(this.#seek.valueAsNumber);
    this.#play.onclick = () => this.toggle();
    part(root, "stage").onclick = () => this.toggle();
    this.setPlaying(false);
  }

  get positionMs(): number {
    return this.#line.positionMs;
  }

  get isPlaying(): boolean {
    return this.#line.isPlaying;
  }

  toggle(): void {
    this.setPlaying(!this.#line.isPlaying);
  }

  setPlaying(isPlaying: boolean): void {
    if (isPlaying) this.#line.play();
    else this.#line.pause();
    this.#play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    this.#play.dataset.playing = `${isPlaying}`;
    this.#paused.hidden = isPlaying;
    this.#listener.playing(isPlaying);
  }

  seek(positionMs: number): void {
    this.#line.seek(positionMs);
    this.#listener.sought(this.#line.positionMs);
  }

  /** Seeks by a key, if it is one that does. */
  key(name: string): boolean {
    const to = {
      ArrowLeft: this.positionMs - KEY_SEEK_MS,
      ArrowRight: this.positionMs + KEY_SEEK_MS,
      ArrowDown: this.positionMs - KEY_SEEK_MS,
      ArrowUp: this.positionMs + KEY_SEEK_MS,
      PageDown: this.positionMs - 3 * KEY_SEEK_MS,
      PageUp: this.positionMs + 3 * KEY_SEEK_MS,
      Home: 0,
      End: LENGTH_MS - 1,
    }[name];
    if (to !== undefined) this.seek(to);
    return to !== undefined;
  }

  drawDensity(): void {
    const path = this.density.path();
    for (const element of this.#paths) element.setAttribute("d", path);
  }

  frame(nowMs: number): void {
    if (this.#line.advance(nowMs)) this.#listener.sought(this.#line.positionMs);
    const { positionMs } = this.#line;
    // Who wants less motion has a picture a second.
    const drawnMs = lessMotion.matches ? Math.floor(positionMs / 1_000) * 1_000 : positionMs;
    this.#scene.draw(drawnMs / LENGTH_MS, nowMs);
    this.#seek.valueAsNumber = positionMs;
    const played = `${100 * positionMs / LENGTH_MS}%`;
    this.#seek.style.setProperty("--played", played);
    this.#paths[1].style.clipPath = `inset(0 ${100 - 100 * positionMs / LENGTH_MS}% 0 0)`;
    const second = Math.floor(positionMs / 1_000);
    if (second === this.#shownSecond) return;
    this.#shownSecond = second;
    this.#time.textContent = placeText(positionMs);
    this.#seek.setAttribute("aria-valuetext", placeWords(positionMs));
  }
}
