/** What the log of this process counts, for there is one log in a process; all only grow. */
export const logCounters = {
  /** Lines lost because nobody took them. */
  linesDropped: 0,
  /** Lines left out because many of their kind came at a time. */
  linesLeftOut: 0,
};
export type LogCounters = typeof logCounters;
