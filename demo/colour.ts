import { usualColour } from "./comment.ts";

/** The colours that one may choose of, with their names. */
export const palette: readonly (readonly [colour: string, name: string])[] = [
  [usualColour, "White"],
  ["#ffd54a", "Yellow"],
  ["#ff9d5c", "Orange"],
  ["#ff7a9c", "Pink"],
  ["#c79bff", "Violet"],
  ["#6fb8ff", "Blue"],
  ["#63e0b0", "Green"],
];

/** What white on the scene's dark outline is at most asked to differ by. */
const luminanceMin = 0.3;

function channels(colour: string): [number, number, number] {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function luminance(rgb: readonly number[]): number {
  const [red, green, blue] = rgb.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * A colour that can be read on the scene, where letters have a dark outline: dark ones are mixed
 * with white until they are light enough.
 *
 * @param colour `#rrggbb`.
 */
export function readableColour(colour: string): string {
  const rgb = channels(colour);
  for (let white = 0; white <= 1; white += 0.1) {
    const mixed = rgb.map((channel) => Math.round(channel + (255 - channel) * white));
    if (luminance(mixed) < luminanceMin) continue;
    return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
  }
  return usualColour;
}
