import { pushFinding } from "./checkers/accepted_pushes.ts";
import { deliveryFindings } from "./checkers/deliveries.ts";
import { connectingFinding } from "./checkers/connecting.ts";
import { heartbeatFinding } from "./checkers/heartbeat_answers.ts";
import { connectionFinding } from "./checkers/kept_connections.ts";
import { leftOverFinding } from "./checkers/left_over.ts";
import { onlineFinding } from "./checkers/online_counts.ts";
import { moveFinding } from "./checkers/room_moves.ts";
import { ServerFailed } from "./server.ts";
import type { ServerView } from "./server_view.ts";
import type { RunContext } from "./run_context.ts";
import type { Finding, ReceiptTotals } from "./types.ts";

/** A process of clients that stands still for longer is worth knowing of, in milliseconds. */
const STANDSTILL_MS = 500;

/**
 * Whether all clients got in.
 *
 * @throws {Error} When none did: then there is nothing to look at.
 */
export async function checkEntrance(run: RunContext, wanted: number): Promise<void> {
  await run.sample();
  run.checkServer();
  const { authenticated, failures, retries } = run.last!;
  const reason = failures.at(0);
  if (authenticated === 0) throw new Error(`Cannot run: no client gets in: ${reason}`);
  run.find(connectingFinding({ authenticated, wanted, reason }));
  if (retries > 0) run.notes.entrance_retries = retries;
}

/** Ends the pushes, lets everything arrive and everyone leave, and checks what is to be checked. */
export async function finish(run: RunContext, server: ServerView): Promise<ReceiptTotals> {
  const { pusher, fleet } = run;
  run.phase("last pushes");
  await pusher.stop();
  await run.drain();
  run.phase("count");
  await fleet.answered();
  const there = await fleet.members();
  run.find(onlineFinding(await server.counted(there), there));
  const receipts = await judge(run);
  run.phase("leave");
  await fleet.disconnect();
  try {
    const left = await server.leftOver();
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
export async function concludeFailed(
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
  if (last.standstillMs > STANDSTILL_MS) {
    notes.clients_stood_still_ms = Math.round(last.standstillMs);
  }
  return receipts;
}
