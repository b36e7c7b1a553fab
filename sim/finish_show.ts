import { cursorFindings } from "./checkers/findings.ts";
import { countOutOfOrder, headsOf } from "./checkers/published.ts";
import {
  answeredFinding,
  countAccepted,
  muteFinding,
  publishedFindings,
} from "./checkers/show_findings.ts";
import { authorOf } from "./client/publisher.ts";
import type { RunContext } from "./run_context.ts";
import type { CursorTotals } from "./types.ts";

/** Checks what became of the messages that clients wrote, and what clients have seen of them. */
export async function judgeShow(run: RunContext): Promise<CursorTotals> {
  const { fleet, notes, options, findings, mute } = run;
  const published = await fleet.published();
  const { accepted, sent, reasons } = published;
  const totals = await fleet.publishedTotals(published);
  const ofLogs = await fleet.showTotals(headsOf(accepted, options.rooms));
  findings.push(
    answeredFinding(published),
    ...publishedFindings(published, totals, countOutOfOrder(accepted, authorOf)),
    ...cursorFindings(ofLogs),
  );
  if (mute !== undefined) findings.push(muteFinding(accepted, mute, authorOf));
  const taken = countAccepted(accepted);
  run.messages = {
    sent,
    taken,
    takenPerS: taken * 1_000 / Math.max(1, options.durationMs),
    refused: reasons.reduce((sum, [, count]) => sum + count, 0),
    reasons,
  };
  const { returned, recovered, gaps, told } = ofLogs;
  Object.assign(notes, {
    returned,
    recovered,
    gaps,
    told_missing: told,
  });
  const failures = [...published.failures, ...totals.failures, ...ofLogs.failures];
  return { ...ofLogs, failures };
}
