import { inSection, list, text, toggle } from "../../options/kinds.ts";

const path = /^[^,\0]{1,4096}$/;

/** Options of TLS: who speaks it, and by which certificates. */
export const tlsOptions = inSection("tls", {
  tlsCert: list({
    name: "tls-cert",
    default: [],
    placeholder: "FILE,...",
    range: "paths of PEM files, with commas between them",
    form: path,
    text: "Certificates, each followed by those that vouch for it; the first is for clients that " +
      "name none of their hosts",
  }),
  tlsKey: list({
    name: "tls-key",
    default: [],
    placeholder: "FILE,...",
    range: "paths of PEM files, with commas between them",
    form: path,
    text: "Private keys of the certificates, in the same order",
  }),
  wss: text({
    name: "wss",
    default: "",
    defaultText: "none",
    placeholder: "HOST:PORT",
    range: "host:port, or empty for none",
    form: /^(?:|(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5})$/,
    text: "Address for clients over WebSocket with TLS, path /sub",
    unless: "listeners",
  }),
  httpTls: toggle({
    name: "http-tls",
    default: false,
    text: "Speak TLS on http, and on metrics",
  }),
  rpcTls: toggle({
    name: "rpc-tls",
    default: false,
    text: "Speak TLS between roles, on both ends; unix sockets stay plain",
  }),
  tlsCa: text({
    name: "tls-ca",
    default: "",
    defaultText: "those that the runtime trusts",
    placeholder: "FILE",
    range: "a path of a PEM file, or empty for the default",
    form: /^(?:|[^\0]{1,4096})$/,
    text: "Certificates of the authorities that the other end of rpc-tls is believed by",
  }),
});
