import { isNetwork } from "../../protocol/networks.ts";
import { integer, list, lists, type Machine, text } from "../../options/kinds.ts";

const name = /^[\w.-]{1,64}$/;
const nameRange = "1 to 64 letters, digits, dots, dashes or underscores";
const host = /^[\w.:-]{1,255}$/;

/** Options of this server as others see it, and of which servers clients are sent to. */
export const nodeOptions = {
  serverId: text({
    section: "node",
    name: "id",
    default: (machine: Machine) => machine.hostname(),
    defaultText: "the host name",
    placeholder: "NAME",
    range: nameRange,
    form: name,
    text: "Name of this server, unique in the cluster",
  }),
  region: text({
    section: "node",
    name: "region",
    default: "local",
    placeholder: "NAME",
    range: nameRange,
    form: name,
    text: "Region; clients of the same one are sent here first",
  }),
  zone: text({
    section: "node",
    name: "zone",
    default: "local",
    placeholder: "NAME",
    range: nameRange,
    form: name,
    text: "Zone within the region",
  }),
  environment: text({
    section: "node",
    name: "env",
    default: "dev",
    placeholder: "NAME",
    range: nameRange,
    form: name,
    text: "Deployment environment",
  }),
  weight: integer({
    section: "node",
    name: "weight",
    default: 10,
    min: 1,
    max: 10_000,
    text: "Share of the clients that this server should get, against the others",
  }),
  advertise: list({
    section: "node",
    name: "advertise",
    default: [],
    defaultText: "the host of the first listener, or the host name where that is any address",
    placeholder: "HOST,...",
    range: "IP addresses or host names, with commas between them",
    form: host,
    text: "Where clients reach this server",
  }),
  defaultDomain: text({
    section: "balancer",
    name: "default-domain",
    default: "localhost",
    placeholder: "HOST",
    range: "a host name",
    form: host,
    text: "Where clients are sent when no server is online",
  }),
  hostDomain: text({
    section: "balancer",
    name: "host-domain",
    default: "",
    placeholder: "SUFFIX",
    range: "the end of a host name, such as .push.example.com, or empty",
    form: /^[\w.-]{0,255}$/,
    text: "What follows a server's name in the addresses given to browsers",
  }),
  regions: lists({
    section: "balancer",
    name: "regions",
    default: {},
    range: `a table of lists of networks, such as { west = ["10.1.0.0/16"] }`,
    form: { test: isNetwork },
    text: "Networks of each region's clients; only in the file",
  }),
} as const;
