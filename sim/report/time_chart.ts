import { chartFrame, emptyChart, HEIGHT, length, percent, rect, WIDTH } from "./chart_frame.ts";
import { type Scale, timeScale } from "./scale.ts";
import { escapeHtml, figure } from "./text.ts";

/** How many places of a chart have a text of their own when pointed at. */
const POINTED_MAX = 300;

/** Units across of a point that stands alone. */
const DASH = 8;

/** A stretch of a run, in seconds since its start. */
interface Band {
  readonly name: string;
  readonly fromS: number;
  readonly toS: number;
}

interface Line {
  readonly name: string;
  /** One for each point in time; undefined leaves a gap. */
  readonly values: readonly (number | undefined)[];
}

/** What a chart over the time of a run shows. */
export interface TimeChart {
  readonly title: string;
  readonly unit: string;
  /** When each value was taken, in seconds since the start of the run, in rising order. */
  readonly timesS: readonly number[];
  readonly bands: readonly Band[];
  /** One or two; the second is drawn over the first, in dashes. */
  readonly lines: readonly Line[];
  readonly y: Scale;
  /** How a value is said. */
  readonly say: (value: number | undefined) => string;
}

/** The phases of a run, each from the end of the one before. */
export function bandsOf(samples: readonly { atS: number; phase: string }[]): Band[] {
  const bands: Band[] = [];
  for (const { atS, phase } of samples) {
    const last = bands.at(-1);
    if (last?.name === phase) bands[bands.length - 1] = { ...last, toS: atS };
    else bands.push({ name: phase, fromS: last?.toS ?? 0, toS: atS });
  }
  return bands;
}

/**
 * The path of a line through points; a point without neighbours is a short dash.
 *
 * @param points Each as shares of the width and of the height; undefined leaves a gap.
 */
export function pathOf(points: readonly (readonly [x: number, y: number] | undefined)[]): string {
  return points.map((point, index) => {
    if (point === undefined) return "";
    const [x, y] = [length(point[0] * WIDTH), length((1 - point[1]) * HEIGHT)];
    if (points[index - 1] !== undefined) return `L${x} ${y}`;
    if (points[index + 1] !== undefined) return `M${x} ${y}`;
    return `M${length(x - DASH / 2)} ${y}h${DASH}`;
  }).join("");
}

/** Places to point at, each with what the lines say there. */
function pointed({ timesS, bands, lines, say }: TimeChart, x: Scale): string {
  const every = Math.ceil(timesS.length / POINTED_MAX);
  const shown = timesS.map((_, index) => index).filter((index) => index % every === 0);
  const places = shown.map((index) => x.at(timesS[index]) ?? 0);
  return shown.map((index, at) => {
    const atS = timesS[index];
    const phase = bands.find(({ toS }) => atS <= toS)?.name ?? "";
    const values = lines.map(({ name, values }) => `${name}: ${say(values[index])}`);
    return rect({
      from: at === 0 ? 0 : (places[at - 1] + places[at]) / 2,
      to: at === places.length - 1 ? 1 : (places[at] + places[at + 1]) / 2,
      height: 1,
      className: "pointed",
      title: [`${figure(atS, 1)} s, ${phase}`, ...values].join("\n"),
    });
  }).join("");
}

/** Values over the time of a run, with its phases behind them. */
export function timeChart(chart: TimeChart): string {
  const { title, unit, timesS, bands, lines, y } = chart;
  if (!lines.some(({ values }) => values.some((value) => y.at(value) !== undefined))) {
    return emptyChart(title, "There is nothing to show: no sample has a value.");
  }
  const x = timeScale(timesS.at(-1) ?? 0);
  const spans = bands.map(({ name, fromS, toS }, index) => {
    const className = `band-${index % 2}`;
    return { name, from: x.at(fromS) ?? 0, to: x.at(toS) ?? 0, height: 1, className };
  });
  const names = spans.map(({ name, from, to, className }, index) =>
    `<span class="${className}" style="left:${percent(from)};width:${percent(to - from)}" ` +
    `title="${escapeHtml(name)}"><b>${index + 1}</b><i>${escapeHtml(name)}</i></span>`
  );
  const paths = lines.map(({ values }, line) => {
    const points = timesS.map((atS, index) => {
      const [across, up] = [x.at(atS), y.at(values[index])];
      return across === undefined || up === undefined ? undefined : [across, up] as const;
    });
    return `<path class="line line-${line + 1}" d="${pathOf(points)}"/>`;
  });
  return chartFrame({
    title,
    unit,
    legend: lines.length === 1 ? [] : lines.map(({ name }, line) => [name, `line-${line + 1}`]),
    x,
    xUnit: "seconds since the start",
    y,
    above: names.join(""),
    behind: spans.map((span) => rect(span)).join(""),
    before: paths.join("") + pointed(chart, x),
  });
}
