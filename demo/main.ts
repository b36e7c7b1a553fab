/// <reference lib="dom" />
/**
 * The danmaku page: up to two viewers of one scene, each with a client of its own.
 *
 * @module
 */
import { connect } from "../client/mod.ts";
import { keep, kept, lessMotion, part, randomId } from "./browser.ts";
import { cuttableSockets } from "./cuttable_socket.ts";
import { COMMENT_OPERATION, LIKE_OPERATION } from "./feed.ts";
import { Viewer } from "./viewer.ts";

/** A page with a switch for the connection comes back sooner than an application would. */
const BACKOFF = { baseMs: 300, maxMs: 2_000 };

/** With each heartbeat the server says how many are online: a demo wants to see that soon. */
const HEARTBEAT_MS = 3_000;

/** What is written while the connection is cut, or the server away, is sent when it is back. */
const PUBLISH_TIMEOUT_MS = 60_000;

/** Letters that the key of a room may have. */
const ROOM_KEY_MAX = 256;

const query = new URLSearchParams(location.search);
const room = (query.get("room") || "demo://1").slice(0, ROOM_KEY_MAX);
const startMs = Number(query.get("t") ?? 0) * 1_000;
const viewers: Viewer[] = [];
const place = part(document, "viewers");
const second = part<HTMLButtonElement>(document, "second");

/** Who watches is the same one when the page is loaded again. */
function midOf(viewer: number): string {
  const name = `halley-mid-${viewer}`;
  const mid = kept(name, "tab") ?? `${randomId()}`;
  keep(name, mid, "tab");
  return mid;
}

/** Where the server that serves the page takes WebSockets; it is asked where that is not known. */
function serverUrl(): string {
  const portOf = (scheme: string) =>
    document.querySelector<HTMLMetaElement>(`meta[name=halley-${scheme}-port]`)!.content;
  // Pages of https may not connect without TLS.
  const schemes = location.protocol === "http:" ? ["ws", "wss"] : ["wss"];
  const scheme = schemes.find((scheme) => portOf(scheme) !== "");
  if (scheme === undefined) return location.origin;
  return `${scheme}://${location.hostname}:${portOf(scheme)}/sub`;
}

function addViewer(number: number): Viewer {
  const template = part<HTMLTemplateElement>(document, "viewer-template");
  const root = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
  root.dataset.viewer = `${number}`;
  root.setAttribute("aria-label", `Viewer ${number}`);
  part(root, "side").setAttribute("aria-label", `Comments of viewer ${number}`);
  part(root, "title").textContent = `Viewer ${number}`;
  place.append(root);
  place.dataset.count = `${number}`;
  const sockets = cuttableSockets(WebSocket);
  const mid = midOf(number);
  const client = connect(serverUrl(), {
    token: { mid: Number(mid), platform: "web", accepts: [COMMENT_OPERATION, LIKE_OPERATION] },
    backoff: BACKOFF,
    heartbeatMs: HEARTBEAT_MS,
    publishTimeoutMs: PUBLISH_TIMEOUT_MS,
    WebSocket: sockets.Socket,
  });
  const name = `Guest ${mid.slice(-3)}`;
  const viewer = new Viewer(root, { number, client, sockets, room, mid, name, startMs });
  viewer.player.setPlaying(!query.has("t") && !lessMotion.matches);
  return viewer;
}

function toggleSecond(): void {
  if (viewers.length === 1) viewers.push(addViewer(2));
  else {
    viewers.pop()!.close();
    place.lastElementChild!.remove();
    place.dataset.count = "1";
  }
  second.setAttribute("aria-pressed", `${viewers.length === 2}`);
}

/** The viewer that has the focus, else the first. */
function activeViewer(): Viewer {
  const root = document.activeElement?.closest<HTMLElement>("[data-viewer]");
  return viewers[Number(root?.dataset.viewer ?? 1) - 1];
}

function onKey(event: KeyboardEvent): void {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const element = target as HTMLElement;
  const isLine = element.matches('input[type="range"]');
  if (element.matches("input") && !isLine) return;
  const { player, composer } = activeViewer();
  if (key === "c") composer.focus();
  else if (key === " " && !element.matches("button")) player.toggle();
  // The page and its lists scroll by the other keys; the time line has them all.
  else if (!isLine && key !== "ArrowLeft" && key !== "ArrowRight") return;
  else if (!player.key(key)) return;
  event.preventDefault();
}

function frame(nowMs: number): void {
  requestAnimationFrame(frame);
  for (const viewer of viewers) viewer.frame(nowMs);
}

part(document, "room").textContent = room;
document.title = `${room} · Halley danmaku`;
second.onclick = toggleSecond;
document.addEventListener("keydown", onKey);
viewers.push(addViewer(1));
if (query.get("viewers") === "2") toggleSecond();
requestAnimationFrame(frame);
