/**
 * Finds a place in a sorted row by halving.
 *
 * @param length How many there are.
 * @param isBefore Whether the one at an index is before the place; holds for none behind one for
 * which it does not.
 * @returns The first index that is not before it, `length` when all are.
 */
export function lowerBound(length: number, isBefore: (index: number) => boolean): number {
  let low = 0, high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
