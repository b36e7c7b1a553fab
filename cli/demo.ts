import { isLoopback } from "../protocol/host.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import type { Config } from "./config/schema.ts";

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
  const { demo, http, rooms } = config;
  const isOn = demo === "on" || (demo === "loopback" && isAlone && isLoopback(http.hostname));
  if (!isOn) return { ...config, demo: "off" };
  const hasRooms = rooms.some(({ type }) => type === DEMO_TYPE);
  return { ...config, demo: "on", rooms: hasRooms ? rooms : [...rooms, demoRooms] };
}
