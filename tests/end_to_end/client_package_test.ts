/** The client as programs get it: from npm, from a bundler, by import, and from the server. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build, stop } from "esbuild";
import { type Server, startServer } from "../../mod.ts";
import { findNode, findRuntime } from "../runner/runtimes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
const slowly = { timeout: 60_000 };

/** A program that says something in a room, hears it, reads it again, and ends by itself. */
function program(client: string): string {
  return `
    import { connect } from "${client}";
    const [url, name] = process.argv.slice(2);
    const client = connect(url, { token: { mid: 7 } });
    const room = client.join("demo://" + name);
    const heard = new Promise((resolve) => room.on("message", resolve));
    const { offset } = await room.publish({ text: "hello" }, { mediaMs: 1500 });
    const message = await heard;
    const { messages } = await room.history({ fromMs: 1000, toMs: 2000 });
    client.close();
    console.log(JSON.stringify({ offset, message, kept: messages.map(({ mid }) => mid) }));
  `;
}

/** What it finds in a room where nobody was before. */
const found = {
  offset: 1,
  message: { op: 1000, body: { text: "hello" }, offset: 1, recovered: false },
  kept: ["7"],
};

/** What `npm pack` says of a package. */
interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** A program that TypeScript must take, but for what it must not. */
const typed = `
  import { type Client, connect, type Room, type RoomMessage } from "halley-client";
  const client: Client = connect(["ws://a/sub", "ws://b/sub"], { token: async () => "secret" });
  const room: Room = client.join("demo://1", { last: 50 });
  const stop: () => void = room.on("message", ({ body, offset }: RoomMessage) => {
    // @ts-expect-error: what others send is not known.
    body.text;
    offset.toFixed();
  });
  room.on("gap", ({ count }) => count?.toFixed());
  // @ts-expect-error: there is no such event.
  room.on("massage", () => {});
  room.publish({ text: "hi" }, { mediaMs: 1 }).then(({ epoch, offset }) => [epoch, offset, stop]);
`;

describe("the client, in a project of its own", () => {
  const anyPort = { hostname: "127.0.0.1", port: 0 };
  let folder = "";
  let server: Server;
  let node = "";
  let packed: Packed;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "halley-package-"));
    await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
    [server, node, packed] = await Promise.all([
      startServer({ tcp: anyPort, ws: anyPort, http: anyPort }),
      findNode(),
      packAndInstall(),
    ]);
  }, slowly);

  after(async () => {
    await server?.close();
    await rm(folder, { recursive: true });
  });

  /** Makes the package, and a project that has it. */
  async function packAndInstall(): Promise<Packed> {
    const pack = ["pack", "--json", join(root, "client/dist")];
    const [packed] = JSON.parse((await run("npm", pack, { cwd: folder })).stdout);
    const flags = ["--offline", "--no-audit", "--no-fund", "--no-update-notifier"];
    await run("npm", ["install", ...flags, `./${packed.filename}`], { cwd: folder });
    return packed;
  }

  /** Runs a program, in a room by this name, and gives what it prints. */
  async function runIn(name: string, command: string, args: readonly string[]): Promise<unknown> {
    const url = `ws://127.0.0.1:${server.ws.port}/sub`;
    const options = { cwd: folder, timeout: 30_000, killSignal: "SIGKILL" } as const;
    const { stdout } = await run(command, [...args, url, name], options);
    return JSON.parse(stdout);
  }

  async function write(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  it("has the built files alone", () => {
    assert.equal(packed.name, "halley-client");
    assert.deepEqual(packed.files.map(({ path }) => path).sort(), [
      "LICENSE",
      "README.md",
      "client.d.ts",
      "client.js",
      "client.js.map",
      "package.json",
    ]);
  });

  it("talks to a server from Node, Bun and Deno", slowly, async () => {
    const script = await write("package.mjs", program("halley-client"));
    const deno = await findRuntime("deno");
    const bun = await findRuntime("bun");
    assert.deepEqual(
      await Promise.all([
        runIn("node", node, [script]),
        runIn("bun", bun.path, [script]),
        runIn("deno", deno.path, ["run", "-A", script]),
      ]),
      [found, found, found],
    );
  });

  it("talks to a server from a bundle", slowly, async () => {
    const outfile = join(folder, "bundle.mjs");
    const stdin = { contents: program("halley-client"), resolveDir: folder };
    await build({ stdin, outfile, bundle: true, format: "esm", minify: true, platform: "browser" });
    await stop();
    assert.deepEqual(await runIn("bundle", node, [outfile]), found);
  });

  it("is imported from its sources, and from the server with its types", slowly, async () => {
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere);
    const { href } = pathToFileURL(join(root, "client/mod.ts"));
    const sources = await write("elsewhere/sources.ts", program(href));
    const site = `http://127.0.0.1:${server.http.port}`;
    const served = await write(
      "elsewhere/served.ts",
      `
      ${program(`${site}/client.js`)}
      // @ts-expect-error: there is no such event.
      client.on("massage", () => {});
    `,
    );
    const deno = (await findRuntime("deno")).path;
    const flags = ["--no-lock", `--reload=${site}`];
    assert.deepEqual(
      await Promise.all([
        runIn("bun-sources", (await findRuntime("bun")).path, [sources]),
        runIn("deno-sources", deno, ["run", "-A", sources]),
        runIn("served", deno, ["run", "-A", "--check", ...flags, served]),
      ]),
      [found, found, found],
    );
  });

  it("has types", slowly, async () => {
    await write("typed.ts", typed);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const compilerOptions = {
      noEmit: true,
      strict: true,
      module: "nodenext",
      lib: ["es2022", "dom"],
      types: [],
      // Those of the browser and the language are not checked again.
      skipDefaultLibCheck: true,
    };
    const config = JSON.stringify({ compilerOptions, files: ["typed.ts"] });
    const checked = run(node, [tsc, "-p", await write("tsconfig.json", config)], { cwd: folder });
    await checked.catch(({ stdout }) => assert.fail(stdout));
  });
});
