import { integer, text } from "../../options/kinds.ts";
import { tables } from "../../options/tables.ts";

/** Options of rooms by their type. */
export const roomOptions = {
  rooms: tables({
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
    },
  }),
} as const;
