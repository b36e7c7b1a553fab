import { getLogger } from "@logtape/logtape";
import { isLoopback } from "../protocol/host.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { type Config, listenersOf } from "./config/schema.ts";

const log = getLogger(["halley"]);

/** The type of the demo's rooms. */
export const DEMO_TYPE = "demo";

/** What holds for them, unless the configuration has rooms of this type. */
const demoRooms: Config["rooms"][number] = {
  ...roomDefaults,
  type: DEMO_TYPE,
  historySize: 1_000,
  historyTtlMs: 86_400_000,
  historyBy: "media",
  upstream: "publish",
  messageBytesMax: 512,
};

/**
 * Decides whether there is a demo, and adds its rooms where there is one.
 *
 * @param isAlone Whether no other process of a cluster has to decide the same.
 * @returns The configuration with `demo` either on or off.
 */
export function withDemo(config: Config, isAlone: boolean): Config {
  const { demo, http, rooms, auth } = config;
  // Its page says itself who people are.
  const isMeant = isAlone && isLoopback(http.hostname) && auth === "goim";
  const isOn = demo === "on" || (demo === "loopback" && isMeant);
  if (!isOn) return { ...config, demo: "off" };
  const hasRooms = rooms.some(({ type }) => type === DEMO_TYPE);
  return { ...config, demo: "on", rooms: hasRooms ? rooms : [...rooms, demoRooms] };
}

/**
 * Says so where nobody has decided whether there is a demo, and others than this machine could write
 * into its rooms.
 *
 * @param given The configuration before {@linkcode withDemo}.
 */
export function warnOfDemo(given: Config): void {
  const isOpen = listenersOf(given).some(({ address }) => !isLoopback(address.hostname));
  if (given.demo !== "loopback" || withDemo(given, true).demo === "off" || !isOpen) return;
  log.warn(
    "anyone who reaches the clients' ports may write into rooms of type demo: set demo to off",
  );
}
