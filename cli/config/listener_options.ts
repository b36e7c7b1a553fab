import { address, choice, toggle } from "../../options/kinds.ts";
import { tables } from "../../options/tables.ts";

/** What a listener is that says nothing else, as those of the short forms. */
export const listenerDefaults = { proxy: false, tls: false } as const;

/** Where clients are taken in, in place of the short forms. */
export const listenerTables = tables({
  name: "listeners",
  rows: {
    address: address({ name: "address", text: "Address for clients" }),
    transport: choice({
      name: "transport",
      words: ["tcp", "websocket"],
      text: "What clients speak there: goim's frames back to back, or WebSocket at the path /sub",
    }),
    tls: toggle({
      name: "tls",
      default: listenerDefaults.tls,
      text: "Whether clients speak TLS",
    }),
    proxy: toggle({
      name: "proxy",
      default: listenerDefaults.proxy,
      text: "Whether clients come through trusted-proxies alone, which speak the PROXY protocol",
    }),
  },
});
