import type { Scale } from "./scale.ts";
import { escapeHtml, shortFigure } from "./text.ts";

/** Units across and up a drawing; the page stretches it to the room that there is. */
export const WIDTH = 1000;
export const HEIGHT = 200;

/** A length in those units, with one digit after the point. */
export function length(units: number): number {
  return Math.round(units * 10) / 10;
}

/** A share of 1 as CSS has it. */
export function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100}%`;
}

/** A rectangle that stands on the x axis; its places and its height are shares of 1. */
interface Rect {
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly className: string;
  /** What is said when it is pointed at. */
  readonly title?: string;
}

export function rect({ from, to, height, className, title }: Rect): string {
  const x = length(from * WIDTH);
  const width = length(Math.max(0, to * WIDTH - x));
  const up = length(height * HEIGHT);
  const inner = title === undefined ? "" : `<title>${escapeHtml(title)}</title>`;
  return `<rect class="${className}" x="${x}" y="${length(HEIGHT - up)}" width="${width}" ` +
    `height="${up}">${inner}</rect>`;
}

/** What a chart is made of. */
interface Chart {
  readonly title: string;
  readonly unit: string;
  /** Names of lines with their classes; none for a chart that explains itself. */
  readonly legend: readonly (readonly [name: string, className: string])[];
  readonly x: Scale;
  readonly xUnit: string;
  readonly y: Scale;
  /** HTML above the drawing. */
  readonly above: string;
  /** SVG behind the lines of the grid, and before them. */
  readonly behind: string;
  readonly before: string;
}

/** A drawing with its title, legend, grid and axes. */
export function chartFrame(chart: Chart): string {
  const { title, unit, legend, x, xUnit, y, above, behind, before } = chart;
  const keys = legend.map(([name, className]) =>
    `<span class="${className}"><i></i>${escapeHtml(name)}</span>`
  );
  const grid = y.ticks.map((tick) => `M0 ${length((1 - y.at(tick)!) * HEIGHT)}H${WIDTH}`);
  const labels = (side: string, scale: Scale) =>
    scale.ticks.map((tick) =>
      `<span style="${side}:${percent(scale.at(tick)!)}">${shortFigure(tick)}</span>`
    ).join("");
  return `<figure>
<figcaption><strong>${escapeHtml(title)}</strong> <span class="unit">${escapeHtml(unit)}</span>
<span class="keys">${keys.join("")}</span></figcaption>
<div class="plot">
<div class="above">${above}</div>
<div class="y">${labels("bottom", y)}</div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${
    escapeHtml(`${title}, ${unit}`)
  }">${behind}<path class="grid" d="${grid.join("")}"/>${before}</svg>
<div class="x">${labels("left", x)}</div>
<div class="x-unit">${escapeHtml(xUnit)}</div>
</div>
</figure>`;
}

/** A title and a sentence, for lack of anything to draw. */
export function emptyChart(title: string, sentence: string): string {
  return `<figure><figcaption><strong>${escapeHtml(title)}</strong></figcaption>` +
    `<p>${escapeHtml(sentence)}</p></figure>`;
}
