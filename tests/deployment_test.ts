/** What deploy/ has is in keeping with the options, the files and itself. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse as parseYaml } from "yaml";
import { loadConfig } from "../cli/config/load.ts";
import type { ServerCommand } from "../cli/config/schema.ts";
import type { Config } from "../cli/config/schema.ts";
import { parseDuration } from "../options/units.ts";
import { makeCertificate } from "./support/documented_proxy.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "deploy");
const read = (name: string) => readFile(join(folder, name), "utf8");

/** A service of compose.yaml, as far as it is looked at here. */
interface Service {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly volumes: readonly string[];
  readonly build: { readonly context: string; readonly dockerfile: string };
  readonly stop_grace_period: string;
  readonly ports: readonly string[];
  readonly networks: Readonly<Record<string, { readonly ipv4_address: string }>>;
}

/** A role of compose.yaml, and what it is configured to be. */
interface Role extends Service {
  readonly kind: ServerCommand;
  readonly config: Config;
}

const compose = parseYaml(await read("compose.yaml"), { merge: true });
const services: Readonly<Record<string, Service>> = compose.services;
const haproxy = await read("haproxy.cfg");
const files = new Map([["/etc/halley/halley.toml", await read("halley.toml")]]);

/** What a command line and an environment make, as `halley check-config` does. */
function configOf([command, ...args]: readonly string[], env: Service["environment"]): Config {
  return loadConfig({
    command: command as ServerCommand,
    args,
    env,
    machine: { hostname: () => "machine" },
    readFile: (path) => files.get(path) ?? assert.fail(`${path} is not there`),
  }).config;
}

/** Puts values where the file demands them of whoever uses it. */
function filledIn(environment: Service["environment"]): Service["environment"] {
  const entries = Object.entries(environment).map(([name, value]) =>
    [name, value.replaceAll(/\$\{\w+:\?\}/g, "0123456789abcdef0123456789abcdef")] as const
  );
  return Object.fromEntries(entries);
}

const roles: readonly Role[] = Object.values(services).filter(({ build }) => build !== undefined)
  .map((service) => ({
    ...service,
    kind: service.command[0] as ServerCommand,
    config: configOf(service.command, filledIn(service.environment)),
  }));

/** Ports of the servers that a section of haproxy.cfg names, by host. */
function serversOf(section: string): readonly (readonly [host: string, port: number])[] {
  const [, lines] = new RegExp(`^backend ${section}\n((?: .*\n?)+)`, "m").exec(haproxy) ??
    assert.fail(`haproxy.cfg has no backend ${section}`);
  return Array.from(
    lines.matchAll(/^ +server \S+ ([\w-]+):(\d+)/gm),
    ([, host, port]) => [host, Number(port)] as const,
  );
}

describe("deploy/compose.yaml", () => {
  test("runs two of each role, each by its own name", () => {
    const kinds = roles.map(({ kind, hostname }) => [hostname, kind]);
    assert.deepEqual(kinds.sort(), [
      ["comet-1", "comet"],
      ["comet-2", "comet"],
      ["job-1", "job"],
      ["job-2", "job"],
      ["logic-1", "logic"],
      ["logic-2", "logic"],
    ]);
    for (const { hostname } of roles) assert.ok(hostname in services);
  });

  test("names files that there are, but for the certificate", async () => {
    for (const [name, { volumes = [], build }] of Object.entries(services)) {
      const named = volumes.map((volume) => volume.split(":")[0])
        .filter((path) => path.startsWith("."));
      if (build !== undefined) named.push(join(build.context, build.dockerfile));
      for (const path of named) {
        await assert.doesNotReject(access(join(folder, path)), `${name}: ${path}`);
      }
    }
  });

  test("asks for health where a role has it", () => {
    for (const { kind, config, environment } of roles) {
      const address = kind === "logic" ? config.http.port : config.metrics.split(":")[1];
      assert.equal(environment.HEALTH_PORT, String(address), kind);
    }
  });

  test("gives a role longer to stop than it takes", () => {
    for (const { config, stop_grace_period } of roles) {
      assert.ok(parseDuration(stop_grace_period)! > 2 * config.drainMs, stop_grace_period);
    }
  });

  test("trusts the proxy that it has, which is the only way in", () => {
    const { ipv4_address } = services.proxy.networks.front;
    for (const { config } of roles) assert.deepEqual(config.trustedProxies, [ipv4_address]);
    const open = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
    assert.deepEqual(open.map(([name]) => name), ["proxy"]);
  });

  test("has comets ask the logics that there are", () => {
    const logics = roles.filter(({ kind }) => kind === "logic");
    const addresses = logics.map(({ hostname, config }) =>
      `${hostname}:${config.rpc.split(":").at(-1)}`
    );
    for (const { config } of roles) assert.deepEqual(config.logic, addresses);
  });
});

describe("deploy/haproxy.cfg", () => {
  const portOf = ({ listeners }: Config, transport: string) =>
    listeners.find((listener) => listener.transport === transport)!;
  const expected = (kind: ServerCommand, port: (config: Config) => number) =>
    roles.filter((role) => role.kind === kind)
      .map(({ hostname, config }) => [hostname, port(config)]);

  test("is what HAProxy takes", async () => {
    const made = await mkdtemp(join(tmpdir(), "halley-deploy-"));
    try {
      await makeCertificate(made);
      const placed = haproxy.replace("/run/secrets/certificate", join(made, "push.pem"));
      const path = join(made, "haproxy.cfg");
      await writeFile(path, placed);
      await promisify(execFile)("/usr/sbin/haproxy", ["-c", "-f", path]);
    } finally {
      await rm(made, { recursive: true });
    }
  });

  test("reaches every role where it listens", () => {
    const ws = (config: Config) => portOf(config, "websocket").address.port;
    const tcp = (config: Config) => portOf(config, "tcp").address.port;
    assert.deepEqual(serversOf("halley_ws"), expected("comet", ws));
    assert.deepEqual(serversOf("halley_tcp"), expected("comet", tcp));
    assert.deepEqual(serversOf("halley_api"), expected("logic", ({ http }) => http.port));
  });

  test("says who the client is as the listeners want to be told", () => {
    const comet = roles.find(({ kind }) => kind === "comet")!;
    assert.equal(portOf(comet.config, "tcp").proxy, true);
    assert.equal(portOf(comet.config, "websocket").proxy, false);
    const servers = Array.from(haproxy.matchAll(/^ +server .*$/gm), ([line]) => line);
    for (const line of servers) {
      assert.equal(/send-proxy/.test(line), /:3101 /.test(line), line);
    }
  });
});

describe("deploy/Dockerfile", () => {
  test("has images by their versions, and a user that is not root", async () => {
    const dockerfile = await read("Dockerfile");
    const images = Array.from(dockerfile.matchAll(/^FROM (\S+)/gm), ([, image]) => image);
    images.push(
      ...Object.values(compose.services as Record<string, { image: string }>)
        .map(({ image }) => image).filter((image) => image !== "halley"),
    );
    for (const image of images) assert.match(image, /^[\w/-]+:\d+\.\d+(?:\.\d+)?[\w-]*$/);
    const users = Array.from(dockerfile.matchAll(/^USER (\S+)/gm), ([, user]) => user);
    assert.deepEqual(users, ["halley"]);
    assert.match(dockerfile, /^HEALTHCHECK /m);
  });

  test("copies files that there are", async () => {
    const dockerfile = await read("Dockerfile");
    for (const [, names] of dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
      for (const name of names.split(" ")) await access(join(root, name));
    }
  });
});

describe("deploy/halley.service", () => {
  test("runs commands that there are, with time to stop", async () => {
    const unit = await read("halley.service");
    const commands = Array.from(unit.matchAll(/^Exec\w+=\/usr\/local\/bin\/halley (.*)$/gm));
    assert.deepEqual(commands.map(([, line]) => line.split(" ")[0]), ["check-config", "start"]);
    const docs = await readFile(join(root, "docs/deployment.md"), "utf8");
    const [, , documented] = /^## With systemd\n(.*?)^```toml\n(.*?)^```/ms.exec(docs)!;
    files.set("/etc/halley/halley.toml", documented);
    const config = configOf(commands[1][1].split(" "), { HALLEY_JWT_SECRET: "0".repeat(32) });
    const [, stop] = /^TimeoutStopSec=(\S+)$/m.exec(unit)!;
    assert.ok(parseDuration(stop)! > 2 * config.drainMs);
    assert.match(unit, /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
    const [, state] = /^StateDirectory=(\S+)$/m.exec(unit)!;
    assert.ok(config.data.startsWith(`/var/lib/${state}`), config.data);
  });
});
