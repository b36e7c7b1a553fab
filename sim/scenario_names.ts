/** What each scenario does, in one line. */
export const scenarioTexts = {
  fanout: "pushes into rooms at a steady rate; every client must get all of its room's",
  heartbeat: "all clients beat; a share falls silent, to be closed in time, and nobody else",
  churn: "clients come and go, change rooms and come back with the same key, while pushes run",
  slow: "a share, at most some 50, stops reading; the others' latency must not move",
  storm: "all clients leave at once and come back at once, while pushes run",
  recovery: "a storm with history: all come back with their places, and miss nothing",
  rolling: "clients go where servers send them that are replaced meanwhile, and miss nothing",
  danmaku: "a live show: viewers write in waves, like, come and go; all get what is taken",
  capacity: "more and more clients, until latency or errors pass a limit; says what was met",
  mixed: "pushes, heartbeats, churn and slow readers at once",
} as const;

export type ScenarioName = keyof typeof scenarioTexts;

/** What is asked of a show where nothing is said: as much as one can watch. */
export const SHOW = { clients: 200, rooms: 1, rate: 20 };

/** The room of a show where nothing is said, and those after it: rooms of the demo page. */
export const SHOW_ROOM = "demo://";

/** Keys of the rooms of a show. */
export function showRooms(
  { roomKeys, rooms }: { readonly roomKeys: readonly string[]; readonly rooms: number },
): readonly string[] {
  if (roomKeys.length > 0) return roomKeys;
  return Array.from({ length: rooms }, (_, room) => `${SHOW_ROOM}${room + 1}`);
}
