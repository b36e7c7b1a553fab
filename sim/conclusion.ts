import { pushFinding } from "./checkers/accepted_pushes.ts";
import { deliveryFindings } from "./checkers/deliveries.ts";
import { entranceFinding } from "./checkers/entrance.ts";
import { heartbeatFinding } from "./checkers/heartbeat_answers.ts";
import { connectionFinding } from "./checkers/kept_connections.ts";
import { leftOverFinding } from "./checkers/left_over.ts";
import { onlineFinding } from "./checkers/online_counts.ts";
import type { ServerView } from "./server_view.ts";
import type { Stage } from "./stage.ts";
import type { ReceiptTotals } from "./types.ts";

/**
 * Whether all clients got in.
 *
 * @throws {Error} When none did: then there is nothing to look at.
 */
export async function checkEntrance(stage: Stage, wanted: number): Promise<void> {
  await stage.sample();
  const { authenticated, failures } = stage.last!;
  const reason = failures.at(0);
  if (authenticated === 0) throw new Error(`Cannot run: no client gets in: ${reason}`);
  stage.find(entranceFinding({ authenticated, wanted, reason }));
}

/** Ends the pushes, lets everything arrive and everyone leave, and checks what is to be checked. */
export async function conclude(stage: Stage, server: ServerView): Promise<ReceiptTotals> {
  const { pusher, fleet } = stage;
  await pusher.stop();
  await stage.drain();
  stage.phase("count");
  await stage.sample();
  const { authenticated } = stage.last!;
  stage.find(onlineFinding(await server.counted(authenticated), authenticated));
  const receipts = await fleet.finish(pusher.pushes);
  await stage.sample();
  // Where nothing was pushed and nothing came, nothing was checked.
  if (pusher.sent + stage.last!.received > 0) {
    stage.find(...deliveryFindings(receipts), pushFinding(pusher));
  }
  stage.find(heartbeatFinding(stage.last!), connectionFinding(stage.last!));
  stage.phase("leave");
  await fleet.disconnect();
  stage.find(leftOverFinding(await server.leftOver()));
  return receipts;
}
