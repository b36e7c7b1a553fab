/** Whether a value is an integer that fits four signed bytes. */
export function isInt32(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value;
}
