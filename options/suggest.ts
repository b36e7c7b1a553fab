/** Edits (insert, delete, replace) from one word to the other: the Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line++) {
    const next = [line];
    for (let column = 1; column <= b.length; column++) {
      const replaced = row[column - 1] + (a[line - 1] === b[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[column] + 1, next[column - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * Guesses what somebody meant.
 *
 * @param word What was written.
 * @param known What could have been meant.
 * @returns `; did you mean "…"?`, or an empty text when nothing is near.
 */
export function suggest(word: string, known: readonly string[]): string {
  let nearest = "";
  let edits = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const needed = distance(word, candidate);
    if (needed < edits) [nearest, edits] = [candidate, needed];
  }
  return nearest === "" ? "" : `; did you mean "${nearest}"?`;
}
