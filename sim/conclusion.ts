import { pushFinding } from "./checkers/accepted_pushes.ts";
import { deliveryFindings } from "./checkers/deliveries.ts";
import { entranceFinding } from "./checkers/entrance.ts";
import { heartbeatFinding } from "./checkers/heartbeat_answers.ts";
import { connectionFinding } from "./checkers/kept_connections.ts";
import { leftOverFinding } from "./checkers/left_over.ts";
import { onlineFinding } from "./checkers/online_counts.ts";
import { moveFinding } from "./checkers/room_moves.ts";
import { ServerFailed } from "./server.ts";
import type { ServerView } from "./server_view.ts";
import type { Stage } from "./stage.ts";
import type { Finding, ReceiptTotals } from "./types.ts";

/** A process of clients that stands still for longer is worth knowing of, in milliseconds. */
const STANDSTILL_MS = 500;

/**
 * Whether all clients got in.
 *
 * @throws {Error} When none did: then there is nothing to look at.
 */
export async function checkEntrance(stage: Stage, wanted: number): Promise<void> {
  await stage.sample();
  stage.checkServer();
  const { authenticated, failures, retries } = stage.last!;
  const reason = failures.at(0);
  if (authenticated === 0) throw new Error(`Cannot run: no client gets in: ${reason}`);
  stage.find(entranceFinding({ authenticated, wanted, reason }));
  if (retries > 0) stage.notes.entrance_retries = retries;
}

/** Ends the pushes, lets everything arrive and everyone leave, and checks what is to be checked. */
export async function conclude(stage: Stage, server: ServerView): Promise<ReceiptTotals> {
  const { pusher, fleet } = stage;
  stage.phase("last pushes");
  await pusher.stop();
  await stage.drain();
  stage.phase("count");
  await fleet.answered();
  const there = await fleet.members();
  stage.find(onlineFinding(await server.counted(there), there));
  const receipts = await judge(stage);
  stage.phase("leave");
  await fleet.disconnect();
  try {
    const left = await server.leftOver();
    if (left !== undefined) stage.find(leftOverFinding(left));
  } catch (error) {
    if (!(error instanceof ServerFailed)) throw error;
    stage.find(failureFinding(error));
  }
  return receipts;
}

function failureFinding({ message }: ServerFailed): Finding {
  return { check: "the server answers", ok: false, text: message };
}

/** The end of a run whose server has failed. */
export async function concludeFailed(stage: Stage, failure: ServerFailed): Promise<ReceiptTotals> {
  stage.find(failureFinding(failure));
  await stage.pusher.stop();
  return await judge(stage);
}

/** Checks what clients have seen. */
async function judge(stage: Stage): Promise<ReceiptTotals> {
  const { pusher, fleet, notes } = stage;
  const receipts = await fleet.finish(pusher.pushes);
  await stage.sample();
  const last = stage.last!;
  // Where nothing was pushed and nothing came, nothing was checked.
  if (pusher.due + last.received > 0) {
    stage.find(...deliveryFindings(receipts), pushFinding(pusher));
  }
  stage.find(heartbeatFinding(last), connectionFinding(last));
  if (last.moves > 0) stage.find(moveFinding(last));
  if (last.standstillMs > STANDSTILL_MS) {
    notes.clients_stood_still_ms = Math.round(last.standstillMs);
  }
  return receipts;
}
