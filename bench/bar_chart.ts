/** What a chart of grouped columns shows. */
export interface BarChart {
  readonly title: string;
  /** What stands under each group of columns. */
  readonly groups: readonly string[];
  /** One column in each group, of a name and its values, which are above 0. */
  readonly series: readonly (readonly [name: string, values: readonly number[]])[];
}

const WIDTH = 760;
const HEIGHT = 380;
const LEFT = 60;
const TOP = 70;
const BOTTOM = 330;

/** Told apart by people who do not see all colours as well (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function label(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : String(+value.toPrecision(3));
}

/** Draws columns over a logarithmic scale, each with its value, as an SVG image. */
export function barChart({ title, groups, series }: BarChart): string {
  const values = series.flatMap(([, values]) => values);
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const y = (value: number) => BOTTOM - (Math.log10(value) - low) / (high - low) * (BOTTOM - TOP);
  const groupWidth = (WIDTH - LEFT - 20) / groups.length;
  const width = groupWidth * 0.8 / series.length;
  const parts: string[] = [];
  for (let power = low; power <= high; power++) {
    const at = y(10 ** power);
    parts.push(
      `<path d="M${LEFT} ${at}H${WIDTH - 20}" stroke="#ccc"/>`,
      `<text x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${label(10 ** power)}</text>`,
    );
  }
  for (const [index, group] of groups.entries()) {
    const left = LEFT + groupWidth * (index + 0.1);
    for (const [at, [, values]] of series.entries()) {
      const x = left + width * at;
      const top = y(values[index]);
      parts.push(
        `<rect x="${x}" y="${top}" width="${width - 3}" height="${BOTTOM - top}" ` +
          `fill="${COLOURS[at % COLOURS.length]}"/>`,
        `<text x="${x + width / 2}" y="${top - 5}" text-anchor="middle">` +
          `${label(values[index])}</text>`,
      );
    }
    const middle = left + groupWidth * 0.4;
    parts.push(
      `<text x="${middle}" y="${BOTTOM + 20}" text-anchor="middle">${escaped(group)}</text>`,
    );
  }
  for (const [at, [name]] of series.entries()) {
    const x = LEFT + at * (WIDTH - LEFT) / series.length;
    parts.push(
      `<rect x="${x}" y="38" width="12" height="12" fill="${COLOURS[at % COLOURS.length]}"/>`,
      `<text x="${x + 18}" y="49">${escaped(name)}</text>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="sans-serif" font-size="12" fill="#222">` +
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>` +
    `<text x="${LEFT}" y="22" font-size="15">${escaped(title)}</text>${parts.join("")}</svg>\n`;
}
