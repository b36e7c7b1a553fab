import { isNetwork } from "../../protocol/networks.ts";
import { inSection, integer, list, text, toggle } from "../../options/kinds.ts";

/** Options of who may use the HTTP API. */
export const apiOptions = inSection("api", {
  apiKey: text({
    name: "api-key",
    default: "",
    placeholder: "KEY",
    range: "8 to 256 visible ASCII characters, or empty for none",
    form: /^(?:|[!-~]{8,256})$/,
    secret: true,
    text: "Key that callers of the HTTP API must show; it is for every call",
  }),
  apiKeysFile: text({
    name: "api-keys-file",
    default: "",
    defaultText: "none",
    placeholder: "FILE",
    range: "a path, or empty for none",
    form: /^/,
    text: "File with more keys, each for some calls alone; see halley api-key --help",
  }),
  apiKeyFailuresMax: integer({
    name: "api-key-failures-max",
    default: 100,
    min: 0,
    max: 1_000_000,
    text: "After how many wrong API keys within a minute an address is answered 429 until the " +
      "minute has passed, unless it showed a right one in the last hour; 0 for never",
  }),
  insecureApi: toggle({
    name: "insecure-api",
    default: false,
    text: "Let anyone who reaches the HTTP API use it",
  }),
  hosts: list({
    name: "hosts",
    default: [],
    defaultText: "with API keys all; else those of loopback, with insecure-api IP addresses too",
    placeholder: "HOST,...",
    range: "host names or IP addresses without a port, with commas between them, or *",
    form: /^(?:\*|[\w.-]{1,255}|[\da-fA-F.]*(?::[\da-fA-F.]*){2,7})$/,
    text:
      "What the Host field of an HTTP request may name, beside localhost, 127.0.0.0/8 and [::1]",
  }),
  trustedProxies: list({
    name: "trusted-proxies",
    default: [],
    placeholder: "NETWORK,...",
    range: "networks such as 10.0.0.0/24, or IP addresses, with commas between them",
    form: { test: isNetwork },
    text: "Proxies that are believed what they say of a client's address: by X-Forwarded-For or " +
      "X-Real-IP on the HTTP API and /sub, and by the PROXY protocol where a listener has it",
  }),
  httpConnectionsMax: integer({
    name: "http-connections-max",
    default: 1024,
    min: 1,
    max: 100_000,
    text: "Most HTTP connections at once; one without a request makes room for a new one",
  }),
});
