/** An axis: where a value stands on it, and where its labels are. */
export interface Scale {
  /** Values that have a label and a line across the chart, in rising order. */
  readonly ticks: readonly number[];
  /** Where a value stands: 0 at the start of the axis, 1 at its end; undefined for none. */
  at(value: number | undefined): number | undefined;
}

/** About how many steps a linear axis has. */
const STEPS = 5;

/** More decades than this have a label each; fewer have labels at 2 and 5 as well. */
const FINE_DECADES = 2;

/** Decimal digits that rounding in binary leaves intact. */
const EXACT_DIGITS = 12;

const factors = [1, 2, 5] as const;

function exact(value: number): number {
  return Number(value.toPrecision(EXACT_DIGITS));
}

/** 1, 2 or 5 times a power of ten: the least that is not below a value. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = factors.find((factor) => exact(factor * power) >= exact(value)) ?? 10;
  return exact(factor * power);
}

/** 1, 2 or 5 times a power of ten: the greatest that is not above a value. */
function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = factors.findLast((factor) => exact(factor * power) <= exact(value)) ?? 1;
  return exact(factor * power);
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

/** The largest of many, at least 0; there are too many to spread them over arguments. */
function greatest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** @param measure What is laid out evenly; a value of which it makes no number has no place. */
function scale(
  ticks: readonly number[],
  [low, high]: readonly [number, number],
  measure: (value: number) => number = (value) => value,
): Scale {
  const [from, to] = [measure(low), measure(high)];
  return {
    ticks,
    at(value) {
      const measured = value === undefined ? undefined : measure(value);
      if (!isNumber(measured)) return undefined;
      return Math.min(1, Math.max(0, (measured - from) / (to - from)));
    },
  };
}

/**
 * From 0 to a round number at or above the largest value.
 *
 * @param values Those that are to fit; what is no number is passed over.
 * @param stepMin The least distance of two labels: 1 where there are no halves.
 */
export function linearScale(values: readonly (number | undefined)[], stepMin = 0): Scale {
  const most = greatest(values.filter(isNumber)) || 1;
  const step = Math.max(stepMin, roundUp(most / STEPS));
  const steps = Math.max(1, Math.ceil(exact(most / step)));
  const high = exact(steps * step);
  const ticks = Array.from({ length: steps + 1 }, (_, index) => exact(index * step));
  return scale(ticks, [0, high]);
}

/**
 * From 0 to exactly the end of a run.
 *
 * @param endS In seconds; 1 for a run that has none.
 */
export function timeScale(endS: number): Scale {
  const high = endS > 0 && Number.isFinite(endS) ? endS : 1;
  return scale(linearScale([high]).ticks.filter((tick) => tick <= high), [0, high]);
}

/** Every power of ten between two values, or also 2 and 5 times them. */
function logTicks(low: number, high: number): number[] {
  const fine = Math.log10(high / low) <= FINE_DECADES;
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of fine ? factors : [1]) ticks.push(exact(factor * 10 ** power));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/**
 * Logarithmic, from a round number at or below the smallest value to one at or above the largest.
 *
 * @param values Those that are to fit; what is not above 0 has no place on such an axis.
 */
export function logScale(values: readonly (number | undefined)[]): Scale {
  const positive = values.filter(isNumber).filter((value) => value > 0);
  const most = greatest(positive) || 1;
  const low = roundDown(positive.reduce((least, value) => Math.min(least, value), most));
  const above = roundUp(most);
  const high = above > low ? above : roundUp(above * 1.5);
  return scale(logTicks(low, high), [low, high], Math.log);
}
