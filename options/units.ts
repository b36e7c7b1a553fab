const durationUnits: readonly (readonly [string, number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const byteUnits: readonly (readonly [string, number])[] = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["B", 1],
];

type Units = typeof durationUnits;

function parse(text: string, units: Units): number | undefined {
  const found = /^(\d{1,9})([a-zA-Z]+)$/.exec(text);
  const unit = units.find(([name]) => name === found?.[2]);
  return unit === undefined ? undefined : Number(found![1]) * unit[1];
}

function format(amount: number, units: Units): string {
  const [name, factor] = units.find(([, factor]) => amount >= factor && amount % factor === 0) ??
    units.at(-1)!;
  return `${amount / factor}${name}`;
}

/**
 * Reads a duration.
 *
 * @param text A whole number with its unit: `500ms`, `8s`, `4m` or `1h`.
 * @returns Milliseconds, or undefined when `text` is no duration.
 */
export function parseDuration(text: string): number | undefined {
  return parse(text, durationUnits);
}

/** Writes whole milliseconds in the largest unit that fits. */
export function formatDuration(durationMs: number): string {
  return format(durationMs, durationUnits);
}

/**
 * Reads a size.
 *
 * @param text A whole number with its unit: `512B`, `64KiB`, `16MiB` or `1GiB`.
 * @returns Bytes, or undefined when `text` is no size.
 */
export function parseBytes(text: string): number | undefined {
  return parse(text, byteUnits);
}

/** Writes bytes in the largest unit that fits. */
export function formatBytes(bytes: number): string {
  return format(bytes, byteUnits);
}
