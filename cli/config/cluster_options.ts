import { duration, inSection, list, text } from "../../options/kinds.ts";

const rpcAddress = /^(?:unix:\/\S{1,100}|(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5})$/;
const rpcAddressOrNone = new RegExp(`^(?:|${rpcAddress.source.slice(1, -1)})$`);

/** Options of workers, and of roles that run in processes of their own. */
export const clusterOptions = inSection("cluster", {
  redis: text({
    name: "redis",
    default: "",
    defaultText: "none",
    placeholder: "URL",
    range: "a URL of Redis (redis:, rediss:, redis-cluster:, redis-sentinel:) or Upstash (https:)",
    form: /^(?:|[a-z+-]+:\/\/\S{1,2000})$/,
    secret: true,
    text: "Redis, through which logic and job work together; may hold user and password",
  }),
  redisToken: text({
    name: "redis-token",
    default: "",
    defaultText: "none",
    placeholder: "TOKEN",
    range: "visible ASCII characters, or empty for none",
    form: /^[!-~]{0,1000}$/,
    secret: true,
    text: "Token for an https: URL of Upstash",
  }),
  logic: list({
    name: "logic",
    default: [],
    placeholder: "HOST:PORT,...",
    range: "addresses of logics' RPC, with commas between them",
    form: rpcAddress,
    text: "Logics that a comet asks, each in turn",
  }),
  rpc: text({
    name: "rpc",
    default: "",
    defaultText: "127.0.0.1:3119 for logic, 127.0.0.1:3109 for a comet",
    placeholder: "HOST:PORT",
    range: "host:port or unix:/PATH; empty for the default",
    form: rpcAddressOrNone,
    text: "Where this role listens for the others; beyond loopback it needs cluster-secret",
  }),
  advertiseRpc: text({
    name: "advertise-rpc",
    default: "",
    defaultText: "the address of rpc, with the host name where that is any address",
    placeholder: "HOST:PORT",
    range: "host:port or unix:/PATH; empty for the default",
    form: rpcAddressOrNone,
    text: "Where jobs reach the RPC of this comet",
  }),
  clusterSecret: text({
    name: "cluster-secret",
    default: "",
    defaultText: "none",
    placeholder: "SECRET",
    range: "8 to 256 visible ASCII characters, or empty for none",
    form: /^(?:|[!-~]{8,256})$/,
    secret: true,
    text: "What the processes of a cluster show each other",
  }),
  drainMs: duration({
    name: "drain-window",
    default: 10_000,
    minMs: 0,
    maxMs: 3_600_000,
    text: "Over how long a comet that stops spreads the clients that it sends to the others; 0s " +
      "for at once",
  }),
});
