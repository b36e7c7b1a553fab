const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML shows it, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign]);
}

/** What stands where there is no number. */
const NONE = "–";

/** A number with thousands apart and at most so many digits after the point. */
export function figure(value: number | undefined, digits = 0): string {
  if (value === undefined || !Number.isFinite(value)) return NONE;
  // Adding 0 makes 0 of -0.
  return (Number(value.toFixed(digits)) + 0).toLocaleString("en", {
    maximumFractionDigits: digits,
  });
}

/** A number short enough for an axis: `250k`, `1.5M`; small ones keep three digits. */
export function shortFigure(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${figure(value / 1e9, 1)}G`;
  if (size >= 1e6) return `${figure(value / 1e6, 1)}M`;
  if (size >= 10_000) return `${figure(value / 1e3, 1)}k`;
  return size === 0 || size >= 100 ? figure(value, 0) : String(Number(value.toPrecision(3)));
}

/** A duration in milliseconds, with three digits that matter. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return NONE;
  return `${figure(ms, ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

/** A size, in the largest unit that it has one of. */
export function bytes(size: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${figure(size, unit === 0 || Math.abs(size) >= 100 ? 0 : 1)} ${units[unit]}`;
}
