import { inSection, integer } from "../../options/kinds.ts";

/** Options of how much the server bears from those who are not let in yet, and from one client. */
export const limitOptions = inSection("limits", {
  joinsMax: integer({
    name: "joins-max",
    default: 20,
    min: 0,
    max: 100_000,
    text: "Most joins, changes of room and history requests a second from one client, over ten " +
      "seconds; 0 for any number",
  }),
});
