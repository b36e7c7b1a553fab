/**
 * What is served to anybody: the client as a script, and the demo. The texts are part of the
 * program, so that it reads no file of the project when it runs.
 *
 * @module
 */
import types from "../client/dist/client.d.ts" with { type: "text" };
import script from "../client/dist/client.js" with { type: "text" };
import sourceMap from "../client/dist/client.js.map" with { type: "text" };
import demoStyle from "../demo/demo.css" with { type: "text" };
import demoScript from "../demo/dist/demo.js" with { type: "text" };
import demoPage from "../demo/page.html" with { type: "text" };
import type { ListenerOptions } from "../comet/options.ts";
import type { Asset } from "../logic/http/assets.ts";

const javascript = "text/javascript; charset=utf-8";

/** Pages of any site may use it. */
const forAll = { "access-control-allow-origin": "*" };

/** The client's script, for pages of any site, with what editors and debuggers need. */
export const clientAssets: readonly Asset[] = [
  {
    path: "/client.js",
    type: javascript,
    text: script,
    headers: { ...forAll, "x-typescript-types": "/client.d.ts" },
  },
  { path: "/client.js.map", type: "application/json", text: sourceMap, headers: forAll },
  {
    path: "/client.d.ts",
    type: "application/typescript; charset=utf-8",
    text: types,
    headers: forAll,
  },
];

/** The page runs its own script and style alone, and speaks to this server and its comets. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "worker-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const pageHeaders = { "content-security-policy": policy, "referrer-policy": "no-referrer" };

/**
 * The demo's page, its script and its style.
 *
 * @param listeners Where clients are taken in: the page is told the port for WebSockets.
 */
export function demoAssets(listeners: readonly ListenerOptions[]): readonly Asset[] {
  const portOf = (isSecure: boolean) =>
    listeners.find(({ transport, tls = false }) => transport === "websocket" && tls === isSecure)
      ?.address.port ?? "";
  const page = demoPage.replace(/(name="halley-ws-port" content=")/, `$1${portOf(false)}`)
    .replace(/(name="halley-wss-port" content=")/, `$1${portOf(true)}`);
  return [
    { path: "/demo", type: "text/html; charset=utf-8", text: page, headers: pageHeaders },
    { path: "/demo.js", type: javascript, text: demoScript },
    { path: "/demo.css", type: "text/css; charset=utf-8", text: demoStyle },
  ].map((asset) => ({ ...asset, isOwnHost: true }));
}
