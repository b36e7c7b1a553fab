/** Where a server listens. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** What a URL of Redis says. */
export interface RedisUrl {
  /** One server, a Redis Cluster, or servers that Sentinels watch. */
  readonly kind: "single" | "cluster" | "sentinel";
  readonly tls: boolean;
  /** The ACL user, and its password; Sentinels are asked without. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The servers, some nodes of the cluster, or the Sentinels. */
  readonly hosts: readonly RedisHost[];
  /** The database, 0 in a cluster. */
  readonly database: number;
  /** What the Sentinels call the servers. */
  readonly master: string;
}

const form =
  /^redis(s?)(?:-(cluster|sentinel))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#]+)(?:\/([^/?#]*))?$/;

const forms = "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], " +
  "redis-cluster://[USER:PASSWORD@]HOST:PORT,… or " +
  "redis-sentinel://[USER:PASSWORD@]HOST:PORT,…/NAME, with rediss for TLS";

/**
 * Reads a URL of Redis: `redis://`, `redis-cluster://` with some of the cluster's nodes, or
 * `redis-sentinel://` with Sentinels and the name of what they watch; `rediss` in place of `redis`
 * is TLS. User and password are percent-encoded.
 *
 * @throws {Error} When it is none. The message does not repeat it, since it may hold a password.
 */
export function parseRedisUrl(url: string): RedisUrl {
  const found = form.exec(url);
  if (found === null) throw new Error(`Cannot read URL of Redis: it must be ${forms}`);
  const [, s, kind = "single", username = "", password, hosts, path = ""] = found;
  if (kind === "sentinel" && path === "") {
    throw new Error("Cannot read URL of Redis: after the Sentinels it must have /NAME");
  }
  if (kind !== "sentinel" && !/^\d{0,4}$/.test(path)) {
    throw new Error(`Cannot read URL of Redis: the database must be a number, it is "${path}"`);
  }
  const portDefault = kind === "sentinel" ? 26379 : 6379;
  return {
    kind: kind as RedisUrl["kind"],
    tls: s === "s",
    username: username === "" ? undefined : decodeURIComponent(username),
    password: password === undefined ? undefined : decodeURIComponent(password),
    hosts: hosts.split(",").map((text) => parseHost(text, portDefault)),
    database: kind === "sentinel" ? 0 : Number(path),
    master: kind === "sentinel" ? decodeURIComponent(path) : "",
  };
}

function parseHost(text: string, portDefault: number): RedisHost {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(found?.[3] ?? portDefault);
  if (found === null || port === 0 || port > 65535) {
    throw new Error(
      `Cannot read URL of Redis: a host must be HOST:PORT, current value is "${text}"`,
    );
  }
  return { host: found[1] ?? found[2], port };
}
