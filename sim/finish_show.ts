import { cursorFindings } from "./checkers/findings.ts";
import { keptFinding, type KeptPart } from "./checkers/kept_messages.ts";
import { countOutOfOrder, headsOf } from "./checkers/published.ts";
import {
  answeredFinding,
  countAccepted,
  muteFinding,
  publishedFindings,
} from "./checkers/show_findings.ts";
import { authorOf } from "./client/publisher.ts";
import type { RunContext } from "./run_context.ts";
import { ServerFailed } from "./server_process.ts";
import { mediaPart } from "./show_api.ts";
import { VIDEO_MS } from "./show/show.ts";
import type { CursorTotals } from "./types.ts";

/** How much of the video is asked for at a time, as pages do that show it, in milliseconds. */
const PART_MS = 15_000;

/** What rooms have kept of the video; nothing where the server is not there any more. */
async function keptParts({ api, options: { roomKeys } }: RunContext): Promise<KeptPart[]> {
  const parts: KeptPart[] = [];
  try {
    for (const [room, key] of roomKeys.entries()) {
      for (let fromMs = 0; fromMs < VIDEO_MS; fromMs += PART_MS) {
        const toMs = fromMs + PART_MS;
        const part = await mediaPart(api, key, fromMs, toMs);
        if (part !== undefined) parts.push({ ...part, room, fromMs, toMs });
      }
    }
  } catch (error) {
    if (!(error instanceof ServerFailed)) throw error;
    return [];
  }
  return parts;
}

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
  const kept = await keptParts(run);
  if (kept.length > 0) findings.push(keptFinding(accepted, kept, fleet.tag));
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
