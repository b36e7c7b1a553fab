/// <reference lib="dom" />
/**
 * The page of the demo. The server that serves it says where it takes WebSockets.
 *
 * @module
 */
const port = document.querySelector<HTMLMetaElement>("meta[name=halley-ws-port]")!.content;
const url = `ws://${location.hostname}:${port}/sub`;
document.querySelector("#demo")!.textContent = `demo at ${url}`;
