/**
 * The beginning of a peer's text, for an error message that must stay short.
 *
 * @returns At most 65 characters.
 */
export function excerpt(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text;
}
