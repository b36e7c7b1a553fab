/** What the scene looks like at each moment of its day: numbers only, drawn by `scene.ts`. */

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** Light of one moment. */
export interface Light {
  readonly zenith: Rgb;
  readonly horizon: Rgb;
  readonly far: Rgb;
  readonly middle: Rgb;
  readonly near: Rgb;
  /** 0 by day, 1 at night. */
  readonly night: number;
}

function rgb(hex: number): Rgb {
  return [hex >> 16, (hex >> 8) & 255, hex & 255];
}

/** Times of the day, the day being 1, with the light of each; between them it is mixed. */
const DAY: readonly (readonly [phase: number, ...hex: number[]])[] = [
  [0.00, 0x5b6cb8, 0xffb38a, 0x7f7fae, 0x55618f, 0x2a3355, 0.1],
  [0.12, 0x3f8fdc, 0xbfe3f5, 0x86a9c9, 0x4f8a84, 0x2d5a52, 0],
  [0.32, 0x3a86d8, 0xcdeaf6, 0x8fb4cf, 0x57937a, 0x2f6048, 0],
  [0.46, 0x4c6fc0, 0xffc27a, 0x9a87ab, 0x6c6f86, 0x35405c, 0],
  [0.54, 0x3d3f86, 0xff7f66, 0x77568f, 0x4b3d6d, 0x241f42, 0.35],
  [0.64, 0x141a45, 0x5a4688, 0x38336b, 0x231f4a, 0x12102b, 0.85],
  [0.80, 0x070b22, 0x1b2756, 0x1c2650, 0x121a3a, 0x090d20, 1],
  [0.92, 0x16204f, 0x6a5691, 0x3a3a72, 0x252a55, 0x131833, 0.7],
  [1.00, 0x5b6cb8, 0xffb38a, 0x7f7fae, 0x55618f, 0x2a3355, 0.1],
];

/** @param share 0 is the first colour, 1 the second. */
export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [0, 1, 2].map((at) => from[at] + (to[at] - from[at]) * share) as unknown as Rgb;
}

/** @param phase Of the day, from 0 to below 1. */
export function lightAt(phase: number): Light {
  const next = DAY.findIndex(([at]) => at > phase);
  const [from, to] = [DAY[next - 1], DAY[next]];
  const share = (phase - from[0]) / (to[0] - from[0]);
  const [zenith, horizon, far, middle, near] = [1, 2, 3, 4, 5].map((column) =>
    mix(rgb(from[column]), rgb(to[column]), share)
  );
  return { zenith, horizon, far, middle, near, night: from[6] + (to[6] - from[6]) * share };
}

/** Where something in the sky is, in parts of the scene's width and height; undefined below it. */
export function onArc(
  phase: number,
  rises: number,
  sets: number,
): { readonly x: number; readonly y: number } | undefined {
  const share = (phase - rises) / (sets - rises);
  if (share <= 0 || share >= 1) return undefined;
  return { x: 0.08 + 0.84 * share, y: 0.72 - 0.58 * Math.sin(Math.PI * share) };
}

/** A range of hills. It repeats, so that a day that begins again fits to its end. */
export interface Hills {
  /** Of the scene's height: the foot's line, and how far the tops are above and below it. */
  readonly base: number;
  readonly height: number;
  /** After how many widths of the scene it repeats, and how often it does so in a day. */
  readonly period: number;
  readonly repeats: number;
  /** How often it waves in a period, and how each wave is moved. */
  readonly waves: readonly (readonly [number, number, number])[];
}

/**
 * The height of hills, in parts of the scene's height from its upper edge.
 *
 * @param x In widths of the scene, from its left edge.
 */
export function hillAt(hills: Hills, x: number, phase: number): number {
  const place = x / hills.period + phase * hills.repeats;
  let sum = 0;
  for (const [times, share, shift] of hills.waves) {
    sum += share * Math.sin(2 * Math.PI * (times * place + shift));
  }
  return hills.base - hills.height * sum;
}

/** The same number from 0 to below 1 for the same whole one: stars and trees keep their places. */
export function scatter(number: number): number {
  const mixed = Math.imul(number ^ (number >>> 15), 0x2c1b3c6d) ^ 0x297a2d39;
  return (Math.imul(mixed ^ (mixed >>> 12), 0x5bd1e995) >>> 8) / 0x100_0000;
}
