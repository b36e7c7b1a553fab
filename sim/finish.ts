import {
  connectingFinding,
  connectionFinding,
  cursorFindings,
  deliveryFindings,
  heartbeatFinding,
  leftOverFinding,
  moveFinding,
  onlineFinding,
  pushFinding,
  recoveredFinding,
} from "./checkers/findings.ts";
import { judgeShow } from "./finish_show.ts";
import { ServerFailed } from "./server_process.ts";
import type { RunContext } from "./run_context.ts";
import type { CursorTotals, ReceiptTotals, Sample } from "./types.ts";

/** A longer stall of a process of clients is worth knowing of, in milliseconds. */
const STALL_MS_MAX = 500;

/**
 * Checks that all clients are authenticated.
 *
 * @throws {Error} When none is: then there is nothing to check.
 */
export async function checkConnected(run: RunContext, wanted: number): Promise<void> {
  await run.sample();
  await run.wait(0);
  const { authenticated, failures, retries, turnedAway } = run.last!;
  const reason = failures.at(0);
  if (authenticated === 0) throw new Error(`Cannot run: no client gets in: ${reason}`);
  run.findings.push(connectingFinding(authenticated, wanted, reason));
  if (retries > 0) run.notes.connect_retries = retries;
  if (turnedAway > 0) run.notes.turned_away = turnedAway;
}

/** Ends the pushes, waits until everything has arrived, disconnects all, and checks everything. */
export async function finish(run: RunContext): Promise<ReceiptTotals> {
  const { pusher, fleet, api } = run;
  run.phase("last pushes");
  await pusher.stop();
  await run.drain();
  run.phase("count");
  await fleet.all("answered");
  const there = await fleet.members();
  run.findings.push(onlineFinding(await api.counted(there), there, api.isShared));
  const receipts = await judge(run);
  run.phase("leave");
  await fleet.all("disconnect");
  try {
    const left = await api.leftOver();
    if (left !== undefined) run.findings.push(leftOverFinding(left));
  } catch (error) {
    findFailure(run, error);
  }
  return receipts;
}

/** The end of a run that broke off: of one whose server has failed, what was seen until then. */
export async function finishFailed(run: RunContext, error: unknown): Promise<ReceiptTotals> {
  findFailure(run, error);
  await run.pusher.stop();
  return await judge(run);
}

function findFailure(run: RunContext, error: unknown): void {
  if (!(error instanceof ServerFailed)) throw error;
  run.findings.push({ check: "the server answers", ok: false, text: error.message });
}

/** Checks what clients have seen. */
async function judge(run: RunContext): Promise<ReceiptTotals> {
  const { pusher, fleet, notes } = run;
  let receipts = await fleet.finish(pusher.pushes);
  await run.sample();
  const last = run.last!;
  if (run.plan.roomKeys !== undefined) receipts = withLogs(receipts, await judgeShow(run));
  else if (run.plan.logs !== undefined) {
    const ofLogs = await fleet.cursorTotals(pusher.pushes);
    run.findings.push(...cursorFindings(ofLogs), recoveredFinding(ofLogs), pushFinding(pusher));
    const { gaps, told, epochs, returned, recovered } = ofLogs;
    Object.assign(notes, { gaps, told_missing: told, epochs, returned, recovered });
    receipts = withLogs(receipts, ofLogs);
  } else if (pusher.due + last.received > 0) {
    // Where nothing was pushed and nothing came, nothing was checked.
    run.findings.push(...deliveryFindings(receipts), pushFinding(pusher));
  }
  run.findings.push(heartbeatFinding(last), connectionFinding(last.lostConnections));
  if (last.moves > 0) run.findings.push(moveFinding(last));
  if (last.stallMs > STALL_MS_MAX) notes.clients_stalled_ms = Math.round(last.stallMs);
  return receipts;
}

/** What receipts and cursors say together. */
function withLogs(receipts: ReceiptTotals, logs: CursorTotals): ReceiptTotals {
  return {
    expected: receipts.expected + logs.received + logs.lost,
    received: receipts.received + logs.received,
    lost: receipts.lost + logs.lost,
    duplicated: receipts.duplicated + logs.doubled,
    reordered: receipts.reordered,
    misdelivered: receipts.misdelivered,
    failures: [...receipts.failures, ...logs.failures],
  };
}

/** Share of a processor for each process of clients beyond which they hold pushes up themselves. */
const BUSY = 0.95;

/**
 * Whether the clients, and not the server, were at their limit while pushes came.
 *
 * @param processes Of clients: each runs on one processor.
 * @returns What to do about it, in words; undefined when they had time to spare.
 */
export function busyClients(samples: readonly Sample[], processes: number): string | undefined {
  const busy = samples.filter(({ receivedPerS, clientCores }) =>
    receivedPerS > 0 && clientCores > BUSY * processes
  );
  if (busy.length === 0) return undefined;
  return `for ${busy.length} of ${samples.length} samples the clients took all that ` +
    `${processes} processes can: what was late then may be their own doing; give more --workers`;
}
