import { apiOptions } from "./api_options.ts";
import { authOptions } from "./auth_options.ts";
import { clusterOptions } from "./cluster_options.ts";
import {
  address,
  bytes,
  choice,
  duration,
  inSection,
  integer,
  list,
  text,
} from "../../options/kinds.ts";
import { limitOptions } from "./limit_options.ts";
import { listenerTables } from "./listener_options.ts";
import { nodeOptions } from "./node_options.ts";
import { pushOptions } from "./push_options.ts";
import { roomTables } from "./room_options.ts";
import { tlsOptions } from "./tls_options.ts";
import { upstreamOptions } from "./upstream_options.ts";

/** The tables of the file, in the order in which help and docs show them. */
export const sections = {
  listen: "Where the server listens",
  listeners: "Where clients are taken in, in place of tcp and ws",
  tls: "Encrypted connections, and their certificates",
  auth: "Who clients are",
  api: "Who may use the HTTP API",
  comet: "Connections",
  limits: "What is taken from clients at most, beside what [comet] and [upstream] say",
  rooms: "Rooms of one type",
  upstream: "Messages from clients",
  sessions: "Connections of one user",
  push: "Pushes on their way",
  cluster: "Roles in processes of their own",
  node: "This server as others see it",
  balancer: "Which servers clients are sent to",
  log: "What the server says",
} as const;

/** The file itself, which a flag or a variable names. */
export const configFile = text({
  name: "config",
  default: "",
  defaultText: "none",
  placeholder: "FILE",
  range: "a path",
  form: /^/,
  text: "TOML file to read",
});

/** Every option. The key is its field in the configuration, with the unit last. */
export const options = {
  ...inSection("listen", {
    tcp: address({
      name: "tcp",
      default: { hostname: "0.0.0.0", port: 3101 },
      text: "Address for clients over TCP",
      unless: "listeners",
    }),
    ws: address({
      name: "ws",
      default: { hostname: "0.0.0.0", port: 3102 },
      text: "Address for clients over WebSocket, path /sub",
      unless: "listeners",
    }),
    http: address({
      name: "http",
      default: { hostname: "127.0.0.1", port: 3111 },
      text:
        "Address of the HTTP API; beyond loopback it needs api-key, api-keys-file or insecure-api",
    }),
    workers: text({
      name: "workers",
      default: "0",
      placeholder: "N|auto",
      range: "0 to 256, or auto for one for each core but one",
      form: /^(?:auto|\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-6])$/,
      text: "Processes that hold the connections and share the ports; 0 holds them in this one",
    }),
    demo: choice({
      name: "demo",
      default: "loopback",
      words: ["loopback", "on", "off"],
      text: "Whether /demo is there, and its rooms of type demo; loopback is for start with http " +
        "on loopback",
    }),
    metrics: text({
      name: "metrics",
      default: "",
      defaultText: "none",
      placeholder: "HOST:PORT",
      range: "host:port, or empty for none",
      form: /^(?:|(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5})$/,
      text: "Address of a comet's or job's /metrics, /healthz and /readyz; logic has them on http",
    }),
  }),
  listeners: listenerTables,
  ...tlsOptions,
  ...authOptions,
  ...apiOptions,
  ...inSection("comet", {
    handshakeMs: duration({
      name: "handshake-deadline",
      default: 8_000,
      minMs: 100,
      maxMs: 300_000,
      text: "How long a client has from connecting to a successful auth",
    }),
    heartbeatIntervalMs: duration({
      name: "heartbeat-interval",
      default: 240_000,
      minMs: 1_000,
      maxMs: 3_600_000,
      text: "How often a client says that it is there",
    }),
    heartbeatsMax: integer({
      name: "heartbeat-max",
      default: 2,
      min: 1,
      max: 100,
      text: "After how many silent intervals a client is closed",
    }),
    slowReaderMs: duration({
      name: "slow-reader-deadline",
      default: 10_000,
      minMs: 100,
      maxMs: 600_000,
      text: "How long a client may leave data unread before it is closed",
    }),
    origins: list({
      name: "origins",
      default: [],
      defaultText: "pages of this machine where all WebSocket listeners are on loopback, else all",
      placeholder: "ORIGIN,...",
      range: "origins such as https://www.example.com, with commas between them, or null, or *",
      form: /^(?:\*|null|[a-zA-Z][\w+.-]*:\/\/[^\s/,]{0,255})$/,
      text:
        "Web pages that may connect to /sub, and if listed here ask /goim/nodes/weighted; clients " +
        "that are no browsers always may",
    }),
    operationsMax: integer({
      name: "operations-max",
      default: 100,
      min: 0,
      max: 1_000_000,
      text: "Most frames a second from one client, over ten seconds; 0 for any number",
    }),
    roomsMax: integer({
      name: "rooms-max",
      default: 32,
      min: 1,
      max: 256,
      text: "Most rooms that one client may be in beside that of its auth or of operation 12",
    }),
    ringMax: bytes({
      name: "ring-max",
      default: 1024 ** 2,
      min: 256 * 1024,
      max: 1024 ** 3,
      text:
        "Latest messages of one room with history that are kept here for members who are behind",
    }),
    ringsMax: bytes({
      name: "rings-max",
      default: 64 * 1024 ** 2,
      min: 1024 ** 2,
      max: 64 * 1024 ** 3,
      text: "Those of all rooms together; each delivery takes 256 bytes beside its messages",
    }),
    pingMs: duration({
      name: "ping-interval",
      default: 25_000,
      minMs: 0,
      maxMs: 3_600_000,
      text: "After how long without data a WebSocket client is pinged; 0s for never",
    }),
    connectionsMax: integer({
      name: "connections-max",
      default: 0,
      min: 0,
      max: 10_000_000,
      text: "Most connections at once; 0 takes what the limit of open files leaves",
    }),
    reportMs: duration({
      name: "report-interval",
      default: 1_000,
      minMs: 100,
      maxMs: 2_500,
      text: "How often a comet says that it is there, and how many are online",
    }),
  }),
  ...limitOptions,
  rooms: roomTables,
  ...upstreamOptions,
  ...inSection("sessions", {
    perMidMax: integer({
      name: "per-mid-max",
      default: 16,
      min: 1,
      max: 100_000,
      text: "Most connections with the same mid",
    }),
    perKeyMax: integer({
      name: "per-key-max",
      default: 4,
      min: 1,
      max: 100_000,
      text: "Most connections with the same key",
    }),
    whenFull: choice({
      name: "when-full",
      default: "close-oldest",
      words: ["refuse", "close-oldest"],
      text: "Which connection goes when there is one too many, the new one or the oldest",
    }),
    hookMs: duration({
      name: "hook-timeout",
      default: 2_000,
      minMs: 10,
      maxMs: 4_000,
      text: "How long a hook of an embedding program may take; then the client is refused",
    }),
  }),
  ...pushOptions,
  ...clusterOptions,
  ...nodeOptions,
  ...inSection("log", {
    logLevel: choice({
      name: "log-level",
      default: "info",
      words: ["trace", "debug", "info", "warning", "error"],
      text: "Least severe messages to print",
    }),
    logFormat: choice({
      name: "log-format",
      default: "text",
      words: ["text", "json"],
      text: "Lines for people or for programs",
    }),
  }),
} as const;
