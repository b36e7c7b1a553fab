import type { ShowPopulation } from "./show_population.ts";

/** What the parent may have a client process do; arguments and answers are JSON. */
export type Command =
  | "connect"
  | "progress"
  | "silence"
  | "stopReading"
  | "resumeReading"
  | "leave"
  | "changeRooms"
  | "storm"
  | "reconnect"
  | "answered"
  | "members"
  | "silentReport"
  | "recovery"
  | "totals"
  | "cursorTotals"
  | "perform"
  | "published"
  | "publishedTotals"
  | "showTotals"
  | "disconnect";

export type Argument<Name extends Command> = Parameters<ShowPopulation[Name]>[0];
export type Answer<Name extends Command> = Awaited<ReturnType<ShowPopulation[Name]>>;
