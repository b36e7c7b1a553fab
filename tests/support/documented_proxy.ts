import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { within } from "./raw_client.ts";
import { freePort } from "./free_port.ts";
import type { TestServer } from "./server.ts";

const execute = promisify(execFile);

/** A proxy for which the docs have a configuration. */
export type ProxyName = "nginx" | "haproxy";

/** From where a proxy connects, so that it is not the address of its clients, 127.0.0.1. */
export const PROXY_ADDRESS = "127.0.0.9";

/** What each needs beside the name of its configuration, to run in the foreground. */
const COMMANDS = {
  nginx: ["/usr/sbin/nginx", "-e", "stderr", "-g", "daemon off;", "-c"],
  haproxy: ["/usr/sbin/haproxy", "-db", "-f"],
} as const;

/** Directives of nginx without which it writes where only root may. */
const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** A proxy in front of a server. */
export interface DocumentedProxy {
  /** TLS: WebSocket and HTTP. */
  readonly httpsPort: number;
  readonly tcpPort: number;
  /** What it has said so far. */
  output(): string;
}

/**
 * Runs a proxy with the configuration that docs/deployment.md has for it, in front of one server
 * that stands for both machines there. It connects to it from {@linkcode PROXY_ADDRESS}.
 *
 * @param change Changes the configuration before it is used.
 */
export async function withDocumentedProxy(
  name: ProxyName,
  server: TestServer,
  use: (proxy: DocumentedProxy) => Promise<void>,
  change: (configuration: string) => string = (configuration) => configuration,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), `halley-${name}-`));
  const [httpsPort, tcpPort] = [await freePort(), await freePort()];
  try {
    const documented = change(await configurationOf(name));
    const configuration = join(folder, "proxy.conf");
    await makeCertificate(folder);
    await writeFile(configuration, placed(documented, folder, server, httpsPort, tcpPort));
    const [command, ...args] = COMMANDS[name];
    const child = spawn(command, [...args, configuration], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => output += text);
    }
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    try {
      const opened = Promise.all([untilOpen(httpsPort), untilOpen(tcpPort)]);
      const early = ended.then(() => {
        throw new Error(`${name} ended: ${output}`);
      });
      early.catch(() => {});
      await within(`${name}'s start`, Promise.race([opened, early]));
      await use({ httpsPort, tcpPort, output: () => output });
    } finally {
      // Of nginx this ends the workers as well.
      process.kill(child.pid!, "SIGTERM");
      await within(`${name}'s end`, ended);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function configurationOf(name: ProxyName): Promise<string> {
  const docs = await readFile(new URL("../../docs/deployment.md", import.meta.url), "utf8");
  const found = new RegExp(`^\`\`\`${name}\n(.*?)^\`\`\``, "ms").exec(docs);
  if (found === null) throw new Error(`docs/deployment.md has no configuration of ${name}`);
  return found[1];
}

/** Puts a configuration on this machine: its ports, files and limits. */
function placed(
  documented: string,
  folder: string,
  { tcpPort: comet, wsPort, httpUrl }: TestServer,
  httpsPort: number,
  tcpPort: number,
): string {
  const temporary = TEMPORARY.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n");
  return documented
    .replace(/10\.0\.0\.[12]:3101/g, `127.0.0.1:${comet}`)
    .replace(/10\.0\.0\.[12]:3102/g, `127.0.0.1:${wsPort}`)
    .replace(/10\.0\.0\.[12]:3111/g, new URL(httpUrl).host)
    .replace(/port 3102$/gm, `port ${wsPort}`)
    .replace(/listen 443|bind :443/, (line) => `${line.split(" ")[0]} 127.0.0.1:${httpsPort}`)
    .replace(/listen 3101|bind :3101/, (line) => `${line.split(" ")[0]} 127.0.0.1:${tcpPort}`)
    .replace(/\/etc\/(ssl|haproxy)\/push\.example\.com/g, `${folder}/push`)
    // What this machine may do, and where it may write.
    .replace(/worker_processes auto;\nworker_rlimit_nofile.*\n/, `pid ${folder}/nginx.pid;\n`)
    .replace("worker_connections 30000;", "worker_connections 100;")
    .replace(/^http \{$/m, `http {\n${temporary}`)
    .replace(/^(?:http|stream) \{$/gm, (line) => `${line}\nproxy_bind ${PROXY_ADDRESS};`)
    .replace(/^defaults$/m, `defaults\n  source ${PROXY_ADDRESS}`);
}

/** A certificate of its own with its key: apart as nginx has them, and together in `push.pem`. */
export async function makeCertificate(folder: string): Promise<void> {
  const [key, certificate] = [join(folder, "push.key"), join(folder, "push.pem")];
  await execute("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=push.example.com"],
    ...["-keyout", key, "-out", certificate],
  ]);
  await writeFile(certificate, await readFile(key, "utf8"), { flag: "a" });
}

async function untilOpen(port: number): Promise<void> {
  while (!await isOpen(port)) await new Promise((resolve) => setTimeout(resolve, 20));
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
