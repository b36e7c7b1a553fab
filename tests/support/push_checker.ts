/** What a pusher knows of one of its pushes. */
export interface PushRecord {
  readonly room: string;
  /** Grows by one from push to push within a room. */
  readonly number: number;
  /** When it was sent, in milliseconds. */
  readonly sentMs: number;
  /** When it was answered with code 0; undefined when it was not, or not yet. */
  acceptedMs: number | undefined;
  /** The code that it was answered with, where it was. */
  code?: number;
}

/** A push as it arrived. */
export interface Arrival {
  readonly number: number;
  readonly atMs: number;
}

/** What one connection of a client saw. */
export interface ConnectionRecord {
  readonly client: string;
  readonly room: string;
  /** When its auth was answered, in milliseconds. */
  readonly openMs: number;
  /** When it ended; undefined while it is open. */
  closedMs: number | undefined;
  readonly arrivals: Arrival[];
}

/**
 * What was to arrive at a connection: accepted pushes to its room that were sent after its auth was
 * answered. Of a connection that ended, those before the last that did arrive.
 */
export function expectedAt(
  connection: ConnectionRecord,
  pushes: readonly PushRecord[],
): PushRecord[] {
  const { room, openMs, closedMs, arrivals } = connection;
  const last = closedMs === undefined
    ? Infinity
    : arrivals.reduce((max, { number }) => Math.max(max, number), -1);
  return pushes.filter((push) =>
    push.room === room && push.acceptedMs !== undefined && push.sentMs >= openMs &&
    push.number <= last
  );
}

/**
 * Holds what happened against what is promised: every accepted push arrives exactly once and in
 * the order of its room at every connection that was there, any other push at most once.
 *
 * @returns What is wrong, a line for each; empty when all is well.
 */
export function checkPushes(
  pushes: readonly PushRecord[],
  connections: readonly ConnectionRecord[],
): string[] {
  const byRoom = new Map<string, Map<number, PushRecord>>();
  for (const push of pushes) {
    let ofRoom = byRoom.get(push.room);
    if (ofRoom === undefined) byRoom.set(push.room, ofRoom = new Map());
    ofRoom.set(push.number, push);
  }
  return connections.flatMap((connection) => {
    const ofRoom = byRoom.get(connection.room) ?? new Map<number, PushRecord>();
    return checkConnection(connection, ofRoom);
  });
}

function checkConnection(
  connection: ConnectionRecord,
  pushes: ReadonlyMap<number, PushRecord>,
): string[] {
  const { client, room, arrivals } = connection;
  const wrong: string[] = [];
  const seen = new Set<number>();
  let lastAccepted = -1;
  for (const { number } of arrivals) {
    const push = pushes.get(number);
    if (push === undefined) wrong.push(`${client} got ${room} #${number}, which nobody sent`);
    if (seen.has(number)) {
      wrong.push(`${client} got ${room} #${number} twice`);
      continue;
    }
    seen.add(number);
    if (push?.acceptedMs === undefined) continue;
    if (number < lastAccepted) {
      wrong.push(`${client} got ${room} #${number} after #${lastAccepted}`);
    }
    lastAccepted = Math.max(lastAccepted, number);
  }
  for (const { number } of expectedAt(connection, [...pushes.values()])) {
    if (!seen.has(number)) wrong.push(`${client} never got ${room} #${number}`);
  }
  return wrong;
}
