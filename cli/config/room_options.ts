import { choice, duration, integer, text } from "../../options/kinds.ts";
import { tables } from "../../options/tables.ts";
import { roomDefaults } from "../../protocol/room_options.ts";

/** Options for each type of room. */
export const roomTables = tables({
  name: "rooms",
  unique: "type",
  rows: {
    type: text({
      name: "type",
      placeholder: "TYPE",
      range: "the part of a room's key before ://, empty for keys without, or * for all the rest",
      form: /^(?:(?!.*:\/\/).{0,256})$/,
      text: "Which rooms: live is that of live://1000",
    }),
    membersMax: integer({
      name: "members-max",
      default: 0,
      min: 0,
      max: 10_000_000,
      text: "Most members of one room over all comets; 0 for any number",
    }),
    historySize: integer({
      name: "history-size",
      default: roomDefaults.historySize,
      min: 0,
      max: 1_000_000,
      text: "Most messages that a room keeps for those who come later; 0 keeps none",
    }),
    historyTtlMs: duration({
      name: "history-ttl",
      default: roomDefaults.historyTtlMs,
      minMs: 1_000,
      maxMs: 366 * 86_400_000,
      text: "For how long a room keeps a message",
    }),
    slow: choice({
      name: "slow",
      default: roomDefaults.slow,
      words: ["catch-up", "latest", "drop"],
      text: "What a slow member of a room with history gets: everything, later; the latest, with " +
        "a notice of what it missed; or what fits its queue",
    }),
    mergeWindowMs: duration({
      name: "merge-window",
      default: roomDefaults.mergeWindowMs,
      minMs: 0,
      maxMs: 1_000,
      text: "How often a room writes to its members at most; 0s writes each push at once",
    }),
  },
});
