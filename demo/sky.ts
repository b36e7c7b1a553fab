/// <reference lib="dom" />
import { type Light, mix, onArc, type Rgb, scatter } from "./landscape.ts";

export function css([red, green, blue]: Rgb, alpha = 1): string {
  return `rgb(${red.toFixed(0)} ${green.toFixed(0)} ${blue.toFixed(0)} / ${alpha})`;
}

/** Draws the sky with all that is in it. */
export function drawSky(
  context: CanvasRenderingContext2D,
  light: Light,
  phase: number,
  width: number,
  height: number,
): void {
  sky(context, light, width, height);
  stars(context, light, phase, width, height);
  orbs(context, light, phase, width, height);
  clouds(context, light, phase, width, height);
}

function sky(
  context: CanvasRenderingContext2D,
  { zenith, horizon }: Light,
  width: number,
  height: number,
): void {
  const sky = context.createLinearGradient(0, 0, 0, height * 0.8);
  sky.addColorStop(0, css(zenith));
  sky.addColorStop(1, css(horizon));
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
}

function stars(
  context: CanvasRenderingContext2D,
  { night }: Light,
  phase: number,
  width: number,
  height: number,
): void {
  if (night < 0.3) return;
  for (let star = 0; star < 110; star++) {
    const twinkle = 0.7 + 0.3 * Math.sin(phase * 400 + star);
    const size = width / 900 * (0.7 + scatter(star * 3 + 2) * 1.3);
    context.fillStyle = css([235, 240, 255], (night - 0.3) * 1.2 * twinkle);
    const [x, y] = [scatter(star * 3) * width, scatter(star * 3 + 1) * height * 0.62];
    context.fillRect(x, y, size, size);
  }
  comet(context, night, phase, width, height);
}

/** What the server has its name of. */
function comet(
  context: CanvasRenderingContext2D,
  night: number,
  phase: number,
  width: number,
  height: number,
): void {
  const share = (phase - 0.6) / 0.16;
  if (share <= 0 || share >= 1) return;
  const [x, y] = [(0.12 + 0.62 * share) * width, (0.12 + 0.16 * share) * height];
  const length = width * 0.16;
  const alpha = night * Math.min(1, 8 * share, 8 * (1 - share));
  const tail = context.createLinearGradient(x, y, x - length, y - length * 0.36);
  tail.addColorStop(0, css([205, 222, 255], 0.75 * alpha));
  tail.addColorStop(1, css([205, 222, 255], 0));
  context.fillStyle = tail;
  context.beginPath();
  context.moveTo(x + width * 0.002, y - width * 0.003);
  context.lineTo(x - length, y - length * 0.4);
  context.lineTo(x - length * 0.94, y - length * 0.26);
  context.lineTo(x - width * 0.002, y + width * 0.003);
  context.fill();
  glow(context, x, y, width * 0.012, [235, 243, 255], alpha);
}

function orbs(
  context: CanvasRenderingContext2D,
  { horizon, night }: Light,
  phase: number,
  width: number,
  height: number,
): void {
  // The sun is half up when the day begins, and down when it is dusk.
  const sun = onArc(phase > 0.9 ? phase - 1 : phase, -0.05, 0.6);
  if (sun !== undefined) {
    const [x, y] = [sun.x * width, sun.y * height];
    glow(context, x, y, height * 0.32, mix([255, 244, 214], horizon, 0.4), 0.55);
    disc(context, x, y, height * 0.045, mix([255, 250, 228], horizon, 0.2));
  }
  const moon = onArc(phase, 0.68, 0.995);
  if (moon !== undefined) {
    const [x, y] = [moon.x * width, (moon.y * 0.8 + 0.04) * height];
    glow(context, x, y, height * 0.16, [190, 205, 255], 0.35 * night);
    disc(context, x, y, height * 0.034, [232, 236, 250]);
  }
}

function disc(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: Rgb,
): void {
  context.fillStyle = css(colour);
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function glow(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: Rgb,
  alpha: number,
): void {
  const glow = context.createRadialGradient(x, y, 0, x, y, radius);
  glow.addColorStop(0, css(colour, alpha));
  glow.addColorStop(1, css(colour, 0));
  context.fillStyle = glow;
  context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
}

function clouds(
  context: CanvasRenderingContext2D,
  { horizon, night }: Light,
  phase: number,
  width: number,
  height: number,
): void {
  context.fillStyle = css(mix(horizon, [255, 255, 255], 0.5), 0.34 * (1 - 0.75 * night));
  for (let cloud = 0; cloud < 5; cloud++) {
    const drift = (scatter(cloud + 40) + phase * (cloud % 2 + 1)) % 1;
    const x = (1.3 - 1.6 * drift) * width;
    const y = (0.16 + 0.26 * scatter(cloud + 50)) * height;
    const size = (0.035 + 0.02 * scatter(cloud + 60)) * height;
    context.beginPath();
    for (let puff = 0; puff < 5; puff++) {
      const radius = size * (0.75 + 0.6 * Math.sin(Math.PI * (puff + 0.5) / 5));
      context.ellipse(x + (puff - 2) * size * 1.5, y, radius * 1.5, radius, 0, 0, 2 * Math.PI);
    }
    context.fill();
  }
}
