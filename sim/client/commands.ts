import type { Population } from "./population.ts";

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
  | "disconnect";

export type Argument<Name extends Command> = Parameters<Population[Name]>[0];
export type Answer<Name extends Command> = Awaited<ReturnType<Population[Name]>>;
