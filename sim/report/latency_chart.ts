import { chartFrame, emptyChart, HEIGHT, length, rect, WIDTH } from "./chart_frame.ts";
import { linearScale, logScale } from "./scale.ts";
import { figure, milliseconds } from "./text.ts";

/** Width of a bar: five to each doubling. */
const BAR_RATIO = 2 ** (1 / 5);

/** What an edge may be off by through rounding, as a share of a bar. */
const BAR_ERROR = 1e-6;

/** Latencies up to an edge in milliseconds, above that of the bucket before, and how many. */
type Bucket = readonly [edgeMs: number, count: number];

/** Adds buckets up into bars that are wide enough to be seen, in rising order. */
export function barsOf(
  buckets: readonly Bucket[],
): (readonly [fromMs: number, toMs: number, count: number])[] {
  const counts = new Map<number, number>();
  for (const [edgeMs, count] of buckets) {
    if (!(edgeMs > 0 && edgeMs < Infinity && count > 0)) continue;
    const bar = Math.ceil(Math.log(edgeMs) / Math.log(BAR_RATIO) - BAR_ERROR);
    counts.set(bar, (counts.get(bar) ?? 0) + count);
  }
  return [...counts].sort(([one], [other]) => one - other)
    .map(([bar, count]) => [BAR_RATIO ** (bar - 1), BAR_RATIO ** bar, count]);
}

/**
 * How many deliveries took how long.
 *
 * @param marks Latencies that are pointed out, one or two, each with its name.
 */
export function latencyChart(
  title: string,
  buckets: readonly Bucket[],
  marks: readonly (readonly [name: string, ms: number])[],
): string {
  const bars = barsOf(buckets);
  if (bars.length === 0) return emptyChart(title, "There is nothing to show: nothing arrived.");
  const x = logScale([
    ...bars.flatMap(([fromMs, toMs]) => [fromMs, toMs]),
    ...marks.map(([, ms]) => ms),
  ]);
  const y = linearScale(bars.map(([, , count]) => count), 1);
  const drawn = bars.map(([fromMs, toMs, count]) =>
    rect({
      from: x.at(fromMs)!,
      to: x.at(toMs)!,
      height: y.at(count)!,
      className: "bar",
      title: `${milliseconds(fromMs)} to ${milliseconds(toMs)}\n${figure(count)} deliveries`,
    })
  );
  const shown = marks.filter(([, ms]) => x.at(ms) !== undefined);
  const lines = shown.map(([, ms], index) =>
    `<path class="mark-${index + 1}" d="M${length(x.at(ms)! * WIDTH)} 0V${HEIGHT}"/>`
  );
  return chartFrame({
    title,
    unit: "deliveries",
    legend: shown.map(([name, ms], index) => [`${name} ${milliseconds(ms)}`, `mark-${index + 1}`]),
    x,
    xUnit: "milliseconds, log scale",
    y,
    above: "",
    behind: "",
    before: drawn.join("") + lines.join(""),
  });
}
