import { bytes, choice, duration, integer, text } from "../../options/kinds.ts";
import { tables } from "../../options/tables.ts";
import { Limits } from "../../protocol/limits.ts";
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
    historyBy: choice({
      name: "history-by",
      default: roomDefaults.historyBy,
      words: ["offset", "media"],
      text: "What history-size bounds: all messages, or those alone that have no media time, so " +
        "that only history-ttl ends the others",
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
    upstream: choice({
      name: "upstream",
      default: roomDefaults.upstream,
      words: ["off", "log", "publish", "webhook"],
      text:
        "What becomes of clients' messages to a room: refused; handed to the application as in " +
        "goim; pushed to the room; or pushed if webhook-url allows it",
    }),
    publishOperation: integer({
      name: "publish-operation",
      default: roomDefaults.publishOperation,
      min: -2_147_483_648,
      max: 2_147_483_647,
      text: "The operation of clients' messages that name none, such as those by operation 4",
    }),
    messageBytesMax: bytes({
      name: "message-max",
      default: roomDefaults.messageBytesMax,
      min: 1,
      max: Limits.upstreamBodyBytesMax,
      text: "Largest message of a client to a room",
    }),
    slowModeMs: duration({
      name: "slow-mode",
      default: roomDefaults.slowModeMs,
      minMs: 0,
      maxMs: 86_400_000,
      text: "How long a sender waits from one message to a room to the next; 0s for not",
    }),
    duplicateWindowMs: duration({
      name: "duplicate-window",
      default: roomDefaults.duplicateWindowMs,
      minMs: 0,
      maxMs: 3_600_000,
      text: "How long a sender may not say the same to a room again; 0s for not",
    }),
    webhookFallback: choice({
      name: "webhook-fallback",
      default: roomDefaults.webhookFallback,
      words: ["allow", "refuse"],
      text: "What becomes of a message when the webhook fails",
    }),
  },
});
