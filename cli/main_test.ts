import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Platform, Signal } from "../platform/port.ts";
import { findRuntime } from "../tests/runner/runtimes.ts";
import { withDirectory } from "../tests/support/data_directory.ts";
import { main } from "./main.ts";
import type { Start } from "./serve.ts";
import { version } from "./version.ts";
import { scriptArgs } from "../platform/select.ts";

/** How a process or a call of `main` ended. */
interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in a process of its own. */
function halley(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return run(process.execPath, [...scriptArgs, "mod.ts", ...args], env);
}

/** Runs Deno, whatever runtime the test runs on. */
async function deno(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { path } = await findRuntime("deno");
  return await run(path, ["run", "-q", "--no-prompt", ...args], env);
}

function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env } });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => out += chunk);
  child.stderr.on("data", (chunk) => err += chunk);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

/** A process whose signals and end the test holds in its hands. */
function controlledPlatform(...args: string[]) {
  const callbacks = new Map<Signal, () => void>();
  const codes: number[] = [];
  const decoder = new TextDecoder();
  const said = { stdout: "", stderr: "" };
  const process: Partial<Platform["process"]> = {
    args,
    env: {},
    hostname: () => "push-1",
    onSignal: (name, callback) => void callbacks.set(name, callback),
    write: (to, bytes) => {
      said[to] += decoder.decode(bytes);
      return Promise.resolve(bytes.length);
    },
    exit: (code) => codes.push(code) as never,
  };
  const signal = (name: Signal) => callbacks.get(name)!();
  return { platform: { process } as Platform, codes, said, signal };
}

/** Lets everything that is settled go on. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

describe("halley", () => {
  test("teaches with --help and says its version", async () => {
    const help = await halley(["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.out, /Usage: halley COMMAND/);
    assert.match(help.out, /check-config/);
    const start = await halley(["start", "--help"]);
    assert.equal(start.code, 0);
    assert.match(start.out, /--tcp HOST:PORT\n.*\n.*default: "0\.0\.0\.0:3101"; HALLEY_TCP/);
    assert.deepEqual(await halley(["--version"]), { code: 0, out: `${version}\n`, err: "" });
  });

  test("answers an unknown command or flag with one line and code 2", async () => {
    assert.deepEqual(await halley(["strat"]), {
      code: 2,
      out: "",
      err: 'halley: there is no command "strat"; did you mean "start"?\n',
    });
    assert.deepEqual(await halley(["--quiet"]), {
      code: 2,
      out: "",
      err: 'halley: there is no flag "--quiet"; see halley --help\n',
    });
    const bare = await halley([]);
    assert.equal(bare.code, 2);
    assert.match(bare.err, /Usage: halley COMMAND/);
  });

  test("check-config prints values with where they come from", async () => {
    const path = join(tmpdir(), `halley-main-test-${process.pid}.toml`);
    writeFileSync(path, '[node]\nregion = "west"\n');
    try {
      const { code, out, err } = await halley(["check-config", "--config", path, "--weight", "7"], {
        HALLEY_ZONE: "b",
      });
      assert.equal(err, "");
      assert.equal(code, 0);
      assert.ok(/^region = "west" +# (.*)$/m.exec(out)?.[1] === path, out);
      assert.match(out, /^zone = "b" +# HALLEY_ZONE$/m);
      assert.match(out, /^weight = 7 +# --weight$/m);
    } finally {
      rmSync(path);
    }
  });

  test("check-config and start read the files of TLS", async () => {
    for (const command of ["check-config", "start"]) {
      const flags = ["--tls-cert", "none.pem", "--tls-key", "none.key", "--demo", "off"];
      assert.deepEqual(await halley([command, ...flags]), {
        code: 2,
        out: "",
        err: 'halley: Cannot read tls-cert "none.pem": there is no such file\n' +
          'halley: Cannot read tls-key "none.key": there is no such file\n',
      });
    }
  });

  test("check-config and start report all mistakes, a line each, with code 2", async () => {
    const mistakes = ["--tcp", "3101", "--http", "0.0.0.0", "--config", "none.toml"];
    for (const command of ["check-config", "start"]) {
      const { code, out, err } = await halley([command, ...mistakes], { HALLEY_TPC: "x" });
      assert.deepEqual([code, out], [2, ""]);
      assert.deepEqual(err.split("\n").map((line) => line.split(":").slice(0, 2).join(":")), [
        'halley: --tcp = "3101"',
        'halley: --http = "0.0.0.0"',
        "halley: HALLEY_TPC",
        'halley: Cannot read the configuration "none.toml"',
        "",
      ]);
    }
  });

  test("names the Deno permission that is missing", async () => {
    const args = ["--allow-env=HALLEY_*", "mod.ts", "check-config"];
    assert.deepEqual(await deno(args), {
      code: 1,
      out: "",
      err: 'halley: Deno denies sys access to "hostname"; add --allow-sys=hostname\n',
    });
    const denied = await deno([...args, "--id=a", "--config=/etc/halley.toml"]);
    assert.deepEqual(denied, {
      code: 2,
      out: "",
      err: 'halley: Cannot read the configuration "/etc/halley.toml": Deno denies read access ' +
        'to "/etc/halley.toml"; add --allow-read=/etc/halley.toml\n',
    });
  });

  test("makes tokens and refuses others under the permissions of deno.json", async () => {
    const env = { HALLEY_JWT_SECRET: "0123456789abcdef0123456789abcdef" };
    const made = await deno(["-P=server", "mod.ts", "token", "--mid", "7"], env);
    assert.match(made.out, /^[\w-]+\.[\w-]+\.[\w-]{43}\n$/);
    const refused = await deno(["-P=server", "mod.ts", "check-token", `${made.out.trim()}x`], env);
    assert.match(refused.out, /FAIL {2}signature: .*\n[^]*\n\nits bearer is refused\n$/);
    assert.deepEqual([made.code, made.err, refused.code, refused.err], [0, "", 1, ""]);
  });

  test("names what the key of a file takes on Deno, and that is enough", () =>
    withDirectory(async (directory) => {
      const args = [
        "mod.ts",
        "api-key",
        "new",
        "ci",
        "--scope=push",
        `--file=${directory}/keys.toml`,
      ];
      const denied = await deno(["-P=server", ...args]);
      const flags = /; add (--allow-read=(.+) --allow-write=\2)\n$/.exec(denied.err)?.[1];
      assert.deepEqual([denied.code, denied.out, flags?.includes(directory)], [2, "", true]);
      const made = await deno(["-P=server", ...flags!.split(" "), ...args]);
      assert.match(made.out, /^halley_[\w-]{43}\n$/);
    }));

  test("runs under the permissions of deno.json, and says what they leave out", async () => {
    const args = ["-P=server", "mod.ts", "check-config"];
    const { code, out, err } = await deno(args, { HALLEY_WEIGHT: "7" });
    assert.equal(
      err,
      "halley: misspelt HALLEY_ variables were not looked for; that needs --allow-env\n",
    );
    assert.equal(code, 0);
    assert.match(out, /^weight = 7 +# HALLEY_WEIGHT$/m);
  });
});

describe("main()", () => {
  const address = { hostname: "127.0.0.1", port: 1 };
  const serving = (close: () => Promise<void>): Start => () =>
    Promise.resolve({
      tcp: address,
      ws: address,
      http: address,
      close,
      reload: (config) => Promise.resolve({ config, changed: [], restart: [] }),
    });

  test("hands the configuration to the server and closes it at the first signal", async () => {
    const { platform, codes, signal } = controlledPlatform("start", "--weight", "7");
    const events: string[] = [];
    await main(platform, (config, given) => {
      events.push(`start ${config.weight} ${given === platform}`);
      return serving(() => Promise.resolve(void events.push("close")))(config, given);
    });
    assert.deepEqual([events, codes], [["start 7 true"], []]);
    signal("SIGTERM");
    await turn();
    assert.deepEqual([events, codes], [["start 7 true", "close"], [0]]);
  });

  test("ends at once at the second signal", async () => {
    for (const [name, code] of [["SIGINT", 130], ["SIGQUIT", 131], ["SIGTERM", 143]] as const) {
      const { platform, codes, signal } = controlledPlatform("start");
      let closes = 0;
      await main(platform, serving(() => new Promise(() => closes++)));
      signal("SIGTERM");
      await turn();
      assert.deepEqual([codes, closes], [[], 1]);
      signal(name);
      assert.deepEqual([codes, closes], [[code], 1]);
    }
  });

  test("ends with code 0 when a call had it closed, also when a signal comes meanwhile", async () => {
    for (const withSignal of [false, true]) {
      const { platform, codes, signal } = controlledPlatform("start");
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      const running = await serving(() => closed)({} as never, platform);
      const done = main(platform, async () => ({
        ...running,
        ended: closed.then(() => undefined),
      }));
      await turn();
      if (withSignal) signal("SIGTERM");
      await turn();
      assert.deepEqual(codes, []);
      close();
      await done;
      await turn();
      assert.deepEqual(codes, [0]);
    }
  });

  test("ends at once at a signal during the start", async () => {
    const { platform, codes, signal } = controlledPlatform("start");
    void main(platform, () => new Promise(() => {}));
    await turn();
    signal("SIGINT");
    assert.deepEqual(codes, [130]);
  });

  test("says in one line why the server cannot start or stop", async () => {
    const failing = controlledPlatform("start");
    const taken = new Error("Cannot listen on 127.0.0.1:3101: address already in use\n  at x");
    await main(failing.platform, () => Promise.reject(taken));
    assert.equal(
      failing.said.stderr,
      "halley: Cannot listen on 127.0.0.1:3101: address already in use\n",
    );
    assert.deepEqual(failing.codes, [1]);

    const closing = controlledPlatform("start");
    await main(closing.platform, serving(() => Promise.reject(new Error("Cannot close"))));
    closing.signal("SIGTERM");
    await turn();
    assert.deepEqual([closing.said.stderr, closing.codes], ["halley: Cannot close\n", [1]]);
  });

  test("goes on at signals that mean nothing to it, and reads its configuration at SIGHUP", async () => {
    const { platform, codes, said, signal } = controlledPlatform("start");
    let closes = 0;
    await main(platform, serving(() => Promise.resolve(void closes++)));
    for (const name of ["SIGUSR1", "SIGUSR2", "SIGHUP"] as const) signal(name);
    await turn();
    assert.deepEqual([codes, closes], [[], 0]);
    signal("SIGQUIT");
    signal("SIGHUP");
    await turn();
    assert.match(said.stdout, /^\S+ INFO halley SIGHUP: "nothing has changed"\n$/);
    assert.deepEqual([codes, closes], [[0], 1]);
  });

  test("says what it has to say before it ends, unless nobody listens", async () => {
    const { platform, codes } = controlledPlatform("strat");
    const process: Platform["process"] = {
      ...platform.process,
      write: () => new Promise(() => {}),
    };
    await main({ ...platform, process });
    assert.deepEqual(codes, [2]);
  });
});
