import { cursorFindings, deliveryFindings, onlineFinding } from "../../sim/checkers/findings.ts";
import type { Population } from "../../sim/client/population.ts";
import { roomKeyOf } from "../../sim/client/virtual_client.ts";
import type { LoggedPushes } from "../../sim/types.ts";
import type { LogicRole } from "./roles.ts";
import type { World } from "./world.ts";

/** Where the log of each room has got to. */
export function headsOf({ store }: World, rooms: number) {
  return Array.from({ length: rooms }, (_, room) => {
    const { epoch, head } = store.pushLog.kept(roomKeyOf(room));
    return { epoch, offset: head };
  });
}

/** Whether anyone has not got as far as the log of a room. */
export function areBehind(
  world: World,
  { logs }: Population,
  pushes: readonly LoggedPushes[],
): boolean {
  return logs.cursors.areBehind(headsOf(world, pushes.length));
}

/**
 * Whether clients got what they had to get.
 *
 * @returns How many messages that is.
 */
export function checkDeliveries(
  world: World,
  { receipts, logs }: Population,
  pushes: readonly LoggedPushes[],
): number {
  const ofPlain = receipts.totals(pushes);
  const ofLogs = logs.cursors.totals(pushes, headsOf(world, pushes.length));
  const { received, lost, gaps, told, epochs, returned, recovered } = ofLogs;
  world.record(
    `${recovered} of ${returned} that came back to a room's log have missed nothing; told of ` +
      `${gaps} gaps of ${told} messages and ${epochs} epochs`,
  );
  world.check(...deliveryFindings(ofPlain), ...cursorFindings(ofLogs));
  for (const failure of [...ofPlain.failures, ...ofLogs.failures]) world.fail(failure);
  return ofPlain.expected + received + lost;
}

/** Whether the logics count those who are in each room, when they have had time to. */
export async function checkOnline(
  world: World,
  logics: readonly LogicRole[],
  wanted: readonly number[],
  mostMs: number,
): Promise<void> {
  for (const { logic } of logics) {
    let finding = onlineFinding([], wanted);
    const count = async () => {
      const counted = wanted.map(() => 0);
      for (const { room_id, count } of await logic.online.top("sim", wanted.length)) {
        counted[Number(room_id)] = count;
      }
      finding = onlineFinding(counted, wanted);
    };
    // Twice in a row: once may be chance.
    for (let tries = 0, right = 0; tries < 30 && right < 2; tries++) {
      await world.settled("logic answers", count(), mostMs);
      right = finding.ok ? right + 1 : 0;
      if (right < 2) await world.pass(200);
    }
    world.check(finding);
  }
}
