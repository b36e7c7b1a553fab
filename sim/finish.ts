import {
  connectingFinding,
  connectionFinding,
  deliveryFindings,
  heartbeatFinding,
  leftOverFinding,
  moveFinding,
  onlineFinding,
  pushFinding,
} from "./checkers/findings.ts";
import { ServerFailed } from "./server_process.ts";
import type { RunContext } from "./run_context.ts";
import type { Finding, ReceiptTotals, Sample } from "./types.ts";

/** A longer stall of a process of clients is worth knowing of, in milliseconds. */
const STALL_MS_MAX = 500;

/**
 * Checks that all clients are authenticated.
 *
 * @throws {Error} When none is: then there is nothing to check.
 */
export async function checkConnected(run: RunContext, wanted: number): Promise<void> {
  await run.sample();
  run.checkServer();
  const { authenticated, failures, retries } = run.last!;
  const reason = failures.at(0);
  if (authenticated === 0) throw new Error(`Cannot run: no client gets in: ${reason}`);
  run.find(connectingFinding({ authenticated, wanted, reason }));
  if (retries > 0) run.notes.connect_retries = retries;
}

/** Ends the pushes, waits until everything has arrived, disconnects all, and checks everything. */
export async function finish(run: RunContext): Promise<ReceiptTotals> {
  const { pusher, fleet, api } = run;
  run.phase("last pushes");
  await pusher.stop();
  await run.drain();
  run.phase("count");
  await fleet.answered();
  const there = await fleet.members();
  run.find(onlineFinding(await api.counted(there), there));
  const receipts = await judge(run);
  run.phase("leave");
  await fleet.disconnect();
  try {
    const left = await api.leftOver();
    if (left !== undefined) run.find(leftOverFinding(left));
  } catch (error) {
    if (!(error instanceof ServerFailed)) throw error;
    run.find(failureFinding(error));
  }
  return receipts;
}

function failureFinding({ message }: ServerFailed): Finding {
  return { check: "the server answers", ok: false, text: message };
}

/** The end of a run whose server has failed. */
export async function finishFailed(
  run: RunContext,
  failure: ServerFailed,
): Promise<ReceiptTotals> {
  run.find(failureFinding(failure));
  await run.pusher.stop();
  return await judge(run);
}

/** Checks what clients have seen. */
async function judge(run: RunContext): Promise<ReceiptTotals> {
  const { pusher, fleet, notes } = run;
  const receipts = await fleet.finish(pusher.pushes);
  await run.sample();
  const last = run.last!;
  // Where nothing was pushed and nothing came, nothing was checked.
  if (pusher.due + last.received > 0) {
    run.find(...deliveryFindings(receipts), pushFinding(pusher));
  }
  run.find(heartbeatFinding(last), connectionFinding(last));
  if (last.moves > 0) run.find(moveFinding(last));
  if (last.stallMs > STALL_MS_MAX) {
    notes.clients_stalled_ms = Math.round(last.stallMs);
  }
  return receipts;
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
  const busy = samples.filter(({ receivedPerS }) => receivedPerS > 0)
    .filter(({ clientCores }) => clientCores > BUSY * processes);
  if (busy.length === 0) return undefined;
  return `for ${busy.length} of ${samples.length} samples the clients took all that ` +
    `${processes} processes can: what was late then may be their own doing; give more --workers`;
}
