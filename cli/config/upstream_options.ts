import { duration, inSection, integer, text } from "../../options/kinds.ts";
import { signingSecretOrNone, urlOrNone } from "./webhook_kinds.ts";

/** Options of what clients send to rooms whose type has the `upstream` `publish` or `webhook`. */
export const upstreamOptions = inSection("upstream", {
  publishRate: integer({
    name: "publish-rate",
    default: 5,
    min: 0,
    max: 100_000,
    text: "Most messages a second from one connection to rooms; 0 for any number",
  }),
  publishBurst: integer({
    name: "publish-burst",
    default: 10,
    min: 1,
    max: 100_000,
    text: "How many of these may come at once after a pause",
  }),
  publishMidRate: integer({
    name: "publish-mid-rate",
    default: 10,
    min: 0,
    max: 100_000,
    text: "Most messages a second from one mid to rooms, over all comets; 0 for any number",
  }),
  publishMidBurst: integer({
    name: "publish-mid-burst",
    default: 20,
    min: 1,
    max: 100_000,
    text: "How many of these may come at once after a pause",
  }),
  webhookUrl: text({
    name: "webhook-url",
    ...urlOrNone,
    text: 'Where the application is asked about messages to rooms with upstream = "webhook"',
  }),
  webhookSecret: text({
    name: "webhook-secret",
    ...signingSecretOrNone,
    text: "Signs what is sent to webhook-url, so that the application knows whose it is",
  }),
  webhookMs: duration({
    name: "webhook-timeout",
    default: 2_000,
    minMs: 10,
    maxMs: 4_000,
    text: "How long an answer of webhook-url may take; then webhook-fallback holds",
  }),
});
