import { inSection, integer, type Values } from "../../options/kinds.ts";

/** Options of how much the server bears from those who are not let in yet, and from one client. */
export const limitOptions = inSection("limits", {
  handshakesMax: integer({
    name: "handshakes-max",
    default: 5_000,
    min: 0,
    max: 10_000_000,
    text: "Most connections at once that have not authenticated; 0 for any number",
  }),
  acceptRate: integer({
    name: "accept-rate",
    default: 2_000,
    min: 0,
    max: 1_000_000,
    text: "Most new connections a second; 0 for any number",
  }),
  acceptBurst: integer({
    name: "accept-burst",
    default: 5_000,
    min: 1,
    max: 1_000_000,
    text: "How many of these may come at once after a pause",
  }),
  addressConnectionsMax: integer({
    name: "address-connections-max",
    default: 0,
    min: 0,
    max: 10_000_000,
    text: "Most connections of one IPv4 address, or of one /64 of IPv6; 0 for any number",
  }),
  addressAuthFailuresMax: integer({
    name: "address-auth-failures-max",
    default: 0,
    min: 0,
    max: 1_000_000,
    text: "After how many failed auths within a minute such an address is turned away until the " +
      "minute has passed; 0 for never",
  }),
  joinsMax: integer({
    name: "joins-max",
    default: 20,
    min: 0,
    max: 100_000,
    text: "Most joins, changes of room and history requests a second from one client, over ten " +
      "seconds; 0 for any number",
  }),
});

type Limits = Values<typeof limitOptions>;

/** The values of these options alone, under the names that a comet has for them. */
export function limitsOf(config: Limits): Limits {
  const fields = Object.keys(limitOptions) as (keyof Limits)[];
  return Object.fromEntries(fields.map((field) => [field, config[field]])) as Limits;
}
