import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { hostname } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { build, stop } from "esbuild";
import { fileURLToPath } from "node:url";
import { selfSigned } from "../../platform/contract/certificates.ts";
import type { TlsCertificate } from "../../platform/port.ts";
import { findNode } from "../runner/runtimes.ts";
import { describeBeside } from "../support/beside.ts";
import { withDirectory } from "../support/data_directory.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { RedisServer } from "../support/redis_server.ts";
import { type LogLine, RoleProcess } from "../support/role_process.ts";
import { until } from "../support/until.ts";

const ANY = "127.0.0.1:0";
const first = selfSigned("DNS:localhost", "IP:127.0.0.1", `DNS:${hostname()}`);
const second = selfSigned("DNS:localhost", "DNS:second.test", "IP:127.0.0.1");

/** Files of certificates in a folder of the test's own. */
class CertificateFiles {
  readonly cert: string;
  readonly key: string;

  constructor(readonly folder: string, certificate: TlsCertificate = first) {
    this.cert = join(folder, "cert.pem");
    this.key = join(folder, "key.pem");
    this.write(certificate);
  }

  get flags(): Record<string, string> {
    return { "tls-cert": this.cert, "tls-key": this.key };
  }

  /** Writes a configuration. */
  config(toml: string): string {
    const path = join(this.folder, "halley.toml");
    writeFileSync(path, toml);
    return path;
  }

  write({ certificate, key }: TlsCertificate): void {
    for (const [path, text] of [[this.cert, certificate], [this.key, key]]) {
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    }
  }
}

/** Calls an HTTP API over TLS, by the first certificate. */
async function call(url: string, method = "GET", body = ""): Promise<Record<string, unknown>> {
  const ca = [first.certificate, second.certificate];
  const sent = request(url, { method, ca, servername: "localhost", agent: false });
  sent.end(body);
  const [answer] = await within("an answer", once(sent, "response"));
  let text = "";
  for await (const chunk of answer) text += chunk;
  return JSON.parse(text);
}

/** Connects over TLS; the names of the certificate that it got come with it. */
async function secure(port: number): Promise<{ socket: TLSSocket; names: string }> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await within("a handshake", once(socket, "secureConnect"));
  return { socket, names: socket.getPeerCertificate().subjectaltname! };
}

function portOf(role: RoleProcess, scheme: string): number {
  const { websocket = "", tcp = "" } = role.addresses;
  const found = [...websocket.split(","), ...tcp.split(",")].find((url) => url.startsWith(scheme));
  return Number(new URL(found!).port);
}

/** Sends SIGHUP, and waits for what the process says to it. */
async function reload(role: RoleProcess, wanted: RegExp): Promise<void> {
  const since = role.lines.length;
  role.signal("SIGHUP");
  await role.logged(({ message }) => wanted.test(message), since);
}

/** Runs roles that end with the test. */
async function withRoles(
  use: (
    start: (
      command: string,
      flags: Record<string, string>,
      upMessage?: string,
    ) => Promise<RoleProcess>,
    files: CertificateFiles,
  ) => Promise<void>,
): Promise<void> {
  const roles: RoleProcess[] = [];
  await withDirectory(async (directory) => {
    const start = async (
      command: string,
      flags: Record<string, string>,
      upMessage = "listening",
    ) => {
      const name = `${command}-${roles.length + 1}`;
      const role = new RoleProcess({ command, name, flags, upMessage });
      roles.push(role);
      await role.start();
      return role;
    };
    try {
      await use(start, new CertificateFiles(directory));
    } finally {
      await Promise.all(roles.map((role) => role.kill()));
    }
  });
}

/** Connects by the hundred while certificates are exchanged: nobody is refused, and all may stay. */
async function reloadUnderLoad(server: RoleProcess, files: CertificateFiles): Promise<void> {
  const port = portOf(server, "wss:");
  const stays = await secure(port);
  const failures: unknown[] = [];
  const certificates = new Set<string>();
  let isOver = false;
  const dial = async () => {
    while (!isOver) {
      try {
        const { socket, names } = await secure(port);
        certificates.add(names);
        socket.destroy();
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const dials = [dial(), dial(), dial()];
  for (const certificate of [second, first, second]) {
    files.write(certificate);
    await reload(server, /^SIGHUP: .*TLS certificates: 1 new/);
    const { names: wanted } = await secure(port).then((own) => (own.socket.destroy(), own));
    await until("the next certificate's day", () => certificates.has(wanted));
  }
  isOver = true;
  await Promise.all(dials);
  assert.deepEqual(failures, []);
  assert.equal(certificates.size, 2);
  await until("all have the latest", async () => {
    const { socket, names } = await secure(port);
    socket.destroy();
    return /second\.test/.test(names);
  });
  const health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  stays.socket.write(health);
  assert.match(String((await within("an answer", once(stays.socket, "data")))[0]), /200 OK/);
  stays.socket.destroy();
}

const cases: Readonly<Record<string, () => Promise<void>>> = {
  "the HTTP API sends the client of the SDK to wss, and pushes reach it"() {
    return withRoles(async (start, files) => {
      const config = files.config("[tls]\nhttp-tls = true\n");
      const flags = { ...files.flags, config, tcp: ANY, ws: ANY, wss: ANY, http: ANY, demo: "on" };
      const server = await start("start", flags);
      const api = server.addresses.http;
      assert.match(api, /^https:/);
      assert.match(server.addresses.demo, /^https:.*\/demo$/);
      const { data } = await call(`${api}/goim/nodes/weighted?platform=web`);
      assert.equal((data as Record<string, number>).wss_port, portOf(server, "wss:"));
      const outfile = join(files.folder, "client.mjs");
      const program = fileURLToPath(
        new URL("../support/secure_client_program.ts", import.meta.url),
      );
      await build({
        entryPoints: [program],
        outfile,
        bundle: true,
        format: "esm",
        platform: "node",
      });
      await stop();
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: files.cert };
      const url = `https://localhost:${new URL(api).port}`;
      const stdio = ["ignore", "pipe", "inherit"] as const;
      const child = spawn(await findNode(), [outfile, url], { env, stdio: [...stdio] });
      try {
        await until("it is in its room", async () => {
          const { data } = await call(`${api}/goim/online/room?type=live&rooms=1`);
          return (data as Record<string, number>)["1"] === 1;
        }, 20_000);
        const push = `${api}/goim/push/room?operation=1000&type=live&room=1`;
        assert.equal((await call(push, "POST", '"over TLS"')).code, 0);
        assert.equal(String((await once(child.stdout, "data"))[0]).trim(), "over TLS");
      } finally {
        child.kill("SIGKILL");
      }
    });
  },

  "goim's frames go over TLS, and plain clients beside them"() {
    return withRoles(async (start, files) => {
      const row = (tls: boolean) =>
        `[[listeners]]\naddress = "${ANY}"\ntransport = "tcp"\ntls = ${tls}\n`;
      const config = files.config(row(true) + row(false));
      const server = await start("start", { ...files.flags, config, http: ANY });
      const port = portOf(server, "tls:");
      const plain = Number(server.addresses.tcp.split(",")[1].split(":")[1]);
      const clients = [await RawClient.openTls(port, { mid: 1 }), await RawClient.open(plain)];
      const push = `${server.addresses.http}/goim/push/all?operation=1000`;
      await (await fetch(push, { method: "POST", body: "to all" })).body?.cancel();
      for (const client of clients) {
        assert.equal((await client.next()).body.toString(), "to all");
        client.socket.destroy();
      }
      // Each at the other's port: an end within its time, and a line in the log.
      const lost = await RawClient.connect(port);
      lost.send(7, 1, '{"mid":1}');
      await within("its end", lost.closed);
      await server.logged(({ message }) => message.startsWith("no TLS with "));
      assert.equal((await server.metrics()).comet_tls_failures_total, 1);
      await assert.rejects(
        RawClient.openTls(plain),
        /closed|disconnected|ECONNRESET|socket|TLS|SSL/i,
      );
    });
  },

  "SIGHUP exchanges certificates under hundreds of connects, and keeps those of before a mistake"() {
    return withRoles(async (start, files) => {
      const config = files.config("");
      const flags = { ...files.flags, config, tcp: ANY, ws: ANY, wss: ANY, http: ANY };
      const server = await start("start", flags);
      await reloadUnderLoad(server, files);
      writeFileSync(files.key, first.key);
      await reload(server, /SIGHUP.*the private key does not match the certificate/);
      const { socket, names } = await secure(portOf(server, "wss:"));
      assert.match(names, /second\.test/);
      socket.destroy();
    });
  },

  "workers share a port with TLS, and exchange certificates as well"() {
    return withRoles(async (start, files) => {
      const config = files.config("");
      const flags = { ...files.flags, config, tcp: ANY, ws: ANY, wss: ANY, http: ANY };
      await reloadUnderLoad(await start("start", { ...flags, workers: "2" }), files);
    });
  },

  "roles speak TLS with each other, and say so when one of two does not"() {
    return withRoles(async (start, files) => {
      const redis = await RedisServer.start();
      try {
        const config = files.config("[tls]\nrpc-tls = true\n");
        const links = { ...files.flags, config, "tls-ca": files.cert };
        const store = { redis: redis.url };
        const logic = await start("logic", { ...links, ...store, http: ANY, rpc: ANY });
        const atLogic = { logic: logic.addresses.rpc, rpc: ANY, tcp: ANY, ws: ANY };
        const comet = await start("comet", { ...links, ...atLogic });
        await start("job", { ...links, ...store }, "reads the push log");
        const client = await RawClient.open(Number(comet.addresses.tcp.split(":")[1]), {
          key: "k",
        });
        const push = `${logic.addresses.http}/goim/push/keys?operation=1000&keys=k`;
        await (await fetch(push, { method: "POST", body: "by TLS" })).body?.cancel();
        assert.equal((await client.next()).body.toString(), "by TLS");
        client.socket.destroy();
        // Neither of these finds its logic.
        const waits = ({ message }: LogLine) => message.startsWith("waits for its peer at ");
        const plain = await start("comet", atLogic, "halley comet starts");
        await logic.logged(({ message }) => message.startsWith("no TLS with "));
        await plain.logged(waits);
        files.write(second);
        const distrustful = await start("comet", { ...links, ...atLogic }, "halley comet starts");
        assert.match((await distrustful.logged(waits)).message, /no TLS with the peer: /);
      } finally {
        await redis.stop();
      }
    });
  },
};

describeBeside("Servers with TLS", { timeout: 60_000 }, cases, (run) => run());
