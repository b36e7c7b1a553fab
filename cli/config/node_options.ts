import { isNetwork } from "../../protocol/networks.ts";
import { inSection, integer, list, lists, type Machine, text } from "../../options/kinds.ts";

const named = {
  placeholder: "NAME",
  range: "1 to 64 letters, digits, dots, dashes or underscores",
  form: /^[\w.-]{1,64}$/,
};
const host = /^[\w.:-]{1,255}$/;

/** Options of this server as others see it, and of which servers clients are sent to. */
export const nodeOptions = {
  ...inSection("node", {
    serverId: text({
      name: "id",
      default: (machine: Machine) => machine.hostname(),
      defaultText: "the host name",
      ...named,
      text: "Name of this server, unique in the cluster",
    }),
    region: text({
      name: "region",
      default: "local",
      ...named,
      text: "Region; clients of the same one are sent here first",
    }),
    zone: text({
      name: "zone",
      default: "local",
      ...named,
      text: "Zone within the region",
    }),
    environment: text({
      name: "env",
      default: "dev",
      ...named,
      text: "Deployment environment",
    }),
    weight: integer({
      name: "weight",
      default: 10,
      min: 1,
      max: 10_000,
      text: "Share of the clients that this server should get, against the others",
    }),
    advertise: list({
      name: "advertise",
      default: [],
      defaultText: "the host of the first listener, or the host name where that is any address",
      placeholder: "HOST,...",
      range: "IP addresses or host names, with commas between them",
      form: host,
      text: "Where clients reach this server",
    }),
  }),
  ...inSection("balancer", {
    defaultDomain: text({
      name: "default-domain",
      default: "localhost",
      placeholder: "HOST",
      range: "a host name",
      form: host,
      text: "Where clients are sent when no server is online",
    }),
    hostDomain: text({
      name: "host-domain",
      default: "",
      placeholder: "SUFFIX",
      range: "the end of a host name, such as .push.example.com, or empty",
      form: /^[\w.-]{0,255}$/,
      text: "What follows a server's name in the addresses given to browsers",
    }),
    regions: lists({
      name: "regions",
      default: {},
      range: `a table of lists of networks, such as { west = ["10.1.0.0/16"] }`,
      form: { test: isNetwork },
      text: "Networks of each region's clients; only in the file",
    }),
  }),
} as const;
