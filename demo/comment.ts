/** Where a comment goes on the scene: it flies from right to left, or stands for a while. */
export type Place = "roll" | "top" | "bottom";

/** A comment as the page shows it. Whoever wrote it, every member is safe to show as text. */
export interface Comment {
  readonly text: string;
  /** `#rrggbb`. */
  readonly colour: string;
  readonly place: Place;
  /** Of who wrote it, as that one says; empty when not said. */
  readonly name: string;
}

/** Letters (code points) that one may write. */
export const textLettersMax = 80;
export const nameLettersMax = 20;

/** What the room takes: `message-max` of its type, in bytes of the body. */
export const bodyBytesMax = 512;

/** Letters of a comment of others that are shown; the rest is cut. */
const shownLettersMax = 200;

export const usualColour = "#ffffff";

const isControl = /[\p{Cc}\u2028\u2029]+/gu;
/** Something that leaves ink: no space, mark, format character or blank filler. */
const isVisible = /[^\p{Z}\p{C}\p{M}\u115f\u1160\u2800\u3164\uffa0]/u;

/** One line of at most so many letters; empty when nothing of it would be seen. */
function line(text: string, lettersMax: number): string {
  // A letter is two units at most, so the slice bounds the work and cuts nothing that is shown.
  const letters = [...text.slice(0, lettersMax * 4).replace(isControl, " ").trim()];
  const cut = letters.length <= lettersMax
    ? letters.join("")
    : `${letters.slice(0, lettersMax - 1).join("")}…`;
  return isVisible.test(cut) ? cut : "";
}

/**
 * Reads what somebody published or pushed: an object `{"t","c","p","n"}`, or plain text.
 *
 * @returns Nothing when it says nothing that can be shown.
 */
export function readComment(body: unknown): Comment | undefined {
  const written: Readonly<Record<string, unknown>> = typeof body === "string"
    ? { t: body }
    : typeof body === "object" && body !== null
    ? body as Record<string, unknown>
    : {};
  if (typeof written.t !== "string") return undefined;
  const text = line(written.t, shownLettersMax);
  if (text === "") return undefined;
  const { c, p, n } = written;
  return {
    text,
    colour: typeof c === "string" && /^#[\da-f]{6}$/i.test(c) ? c.toLowerCase() : usualColour,
    place: p === "top" || p === "bottom" ? p : "roll",
    name: typeof n === "string" ? line(n, nameLettersMax) : "",
  };
}

/** What is published for a comment. */
export function commentBody({ text, colour, place, name }: Comment): Record<string, string> {
  return { t: line(text, textLettersMax), c: colour, p: place, n: line(name, nameLettersMax) };
}

/** How many letters may still be written; negative when there are too many. */
export function lettersLeft(comment: Comment): number {
  const body = JSON.stringify({ ...commentBody(comment), t: comment.text });
  const bytesLeft = bodyBytesMax - new TextEncoder().encode(body).length;
  return Math.min(textLettersMax - [...comment.text].length, bytesLeft);
}

/** How many hearts a body says; none when it is no like. Each message counts as one at most. */
export function readLike(body: unknown): 0 | 1 {
  return typeof body === "object" && body !== null && "like" in body && body.like === 1 ? 1 : 0;
}
