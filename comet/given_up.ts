import { CloseCodes } from "../protocol/close_codes.ts";
import { type Channel, Feature } from "./channel.ts";
import type { ConnectionManager } from "./connection_manager.ts";
import { encodeNotice } from "./notices.ts";

/**
 * Handles a client after the cluster had given its comet up, when pushes may be missing. What is
 * missing of rooms with history will be read from the store. Whoever understands notices is told of
 * all the rest; of the others those are kept that are in rooms with history alone, and the rest must
 * come back.
 */
export function afterGivenUp(connections: ConnectionManager, channel: Channel): void {
  const { primary, others, format } = channel;
  const rooms = (primary === null ? others : [primary, ...others]).map(({ room }) => room);
  const lossy = rooms.filter(({ key }) => connections.logs.get(key) === undefined);
  const tellsAll = (channel.features & Feature.notices) !== 0;
  const isKept = tellsAll || (rooms.length > 0 && lossy.length === 0);
  if (!channel.isOpen || !isKept) return connections.close(channel, CloseCodes.goingAway);
  if (!tellsAll) return;
  for (const { key: room } of lossy) {
    connections.write(channel, encodeNotice(format, { type: "gap", room }));
  }
  if (channel.accepts.length === 0) return;
  connections.write(channel, encodeNotice(format, { type: "gap" }));
}
