/// <reference lib="dom" />
import { hillAt, type Hills, type Light, lightAt, mix, type Rgb, scatter } from "./landscape.ts";
import { css, drawSky } from "./sky.ts";

const FAR: Hills = {
  base: 0.62,
  height: 0.14,
  period: 2,
  repeats: 1,
  waves: [[2, 0.5, 0.1], [5, 0.3, 0.6], [11, 0.12, 0.3], [23, 0.05, 0.8]],
};
const MIDDLE: Hills = {
  base: 0.76,
  height: 0.07,
  period: 2,
  repeats: 3,
  waves: [[2, 0.6, 0.4], [5, 0.3, 0.1], [9, 0.1, 0.7]],
};
const NEAR: Hills = {
  base: 0.95,
  height: 0.05,
  period: 2,
  repeats: 10,
  waves: [[2, 0.6, 0.2], [3, 0.3, 0.9], [7, 0.1, 0.5]],
};

/** Where the train's bridge is, of the scene's height, and how often a train comes in a day. */
const BRIDGE = 0.79;
const TRAINS = 5;
const CARRIAGES = 6;

/** The scene is not drawn more often, in milliseconds: half of the usual frames are enough. */
const FRAME_MS_MIN = 30;
/** Nor larger, in pixels. */
const WIDTH_MAX = 1_600;

/** A day in the hills, drawn for any moment of it. */
export class Scene {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #drawnMs = -Infinity;
  #drawnPhase = -1;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false })!;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  /**
   * Draws a moment, unless it is drawn already.
   *
   * @param phase Of the day, from 0 to below 1.
   */
  draw(phase: number, nowMs: number): void {
    if (phase === this.#drawnPhase || nowMs - this.#drawnMs < FRAME_MS_MIN) return;
    this.#drawnPhase = phase;
    this.#drawnMs = nowMs;
    const { width, height } = this.#canvas;
    const light = lightAt(phase);
    drawSky(this.#context, light, phase, width, height);
    this.#range(FAR, mix(light.far, light.horizon, 0.15), phase, width, height);
    this.#range(MIDDLE, light.middle, phase, width, height);
    this.#train(light, phase, width, height);
    this.#range(NEAR, light.near, phase, width, height);
    this.#trees(light, phase, width, height);
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const scale = Math.min(devicePixelRatio, 2, WIDTH_MAX / Math.max(1, clientWidth));
    this.#canvas.width = Math.max(1, Math.round(clientWidth * scale));
    this.#canvas.height = Math.max(1, Math.round(clientHeight * scale));
    this.#drawnPhase = -1;
    this.#drawnMs = -Infinity;
  }

  #range(hills: Hills, colour: Rgb, phase: number, width: number, height: number): void {
    const context = this.#context;
    context.fillStyle = css(colour);
    context.beginPath();
    context.moveTo(0, height);
    for (let step = 0; step <= 120; step++) {
      context.lineTo(width * step / 120, height * hillAt(hills, step / 120, phase));
    }
    context.lineTo(width, height);
    context.fill();
  }

  #train({ middle, near, night }: Light, phase: number, width: number, height: number): void {
    const context = this.#context;
    const rail = BRIDGE * height;
    const arch = width / 9;
    const shift = (phase * MIDDLE.repeats * MIDDLE.period * width) % arch;
    context.fillStyle = css(mix(near, middle, 0.35));
    context.fillRect(0, rail, width, height * 0.018);
    for (let x = -shift; x < width; x += arch) {
      const [spring, foot] = [rail + arch * 0.6, rail + height * 0.24];
      context.beginPath();
      context.moveTo(x, rail);
      // A little over the edge, so that no seam is seen between two arches.
      context.lineTo(x + arch + 1, rail);
      context.lineTo(x + arch + 1, foot);
      context.lineTo(x + arch * 0.91, foot);
      context.ellipse(x + arch / 2, spring, arch * 0.41, arch * 0.48, 0, 0, Math.PI, true);
      context.lineTo(x + arch * 0.09, foot);
      context.lineTo(x, foot);
      context.fill();
    }
    const share = (phase * TRAINS + 0.85) % 1;
    if (share > 0.7) return;
    const [length, tall] = [width * 0.075, height * 0.034];
    const front = (1.05 - 2.3 * share) * width;
    for (let carriage = 0; carriage < CARRIAGES; carriage++) {
      const x = front + carriage * length * 1.04;
      context.fillStyle = css(mix([226, 232, 240], near, 0.15 + 0.6 * night));
      context.beginPath();
      context.roundRect(x, rail - tall, length, tall, tall * 0.25);
      context.fill();
      context.fillStyle = css(mix([70, 84, 110], [255, 214, 140], night));
      for (let pane = 0; pane < 6; pane++) {
        const at = x + length * (0.08 + 0.147 * pane);
        context.fillRect(at, rail - tall * 0.74, length * 0.1, tall * 0.32);
      }
    }
  }

  #trees({ near, night }: Light, phase: number, width: number, height: number): void {
    const context = this.#context;
    context.fillStyle = css(mix(near, [0, 0, 0], 0.28 + 0.1 * night));
    const way = phase * NEAR.repeats * NEAR.period;
    const trees = NEAR.repeats * NEAR.period * 9;
    for (let place = Math.floor(way * 9) - 1; place <= way * 9 + 10; place++) {
      const tree = (place + trees) % trees;
      if (scatter(tree + 900) < 0.35) continue;
      const x = (place + scatter(tree)) / 9 - way;
      const tall = height * (0.07 + 0.1 * scatter(tree + 300));
      const foot = height * (hillAt(NEAR, x, phase) + 0.02);
      context.beginPath();
      context.moveTo(x * width, foot - tall);
      context.lineTo(x * width + tall * 0.27, foot);
      context.lineTo(x * width - tall * 0.27, foot);
      context.fill();
    }
  }
}
