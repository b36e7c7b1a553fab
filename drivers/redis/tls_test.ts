import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../../tests/support/free_port.ts";
import { RedisServer } from "../../tests/support/redis_server.ts";
import { scriptArgs } from "../../platform/select.ts";

const execute = promisify(execFile);

/** Files of a server that shows who it is. */
interface Identity {
  readonly key: string;
  readonly certificate: string;
  /** The authority that vouches for it. */
  readonly authority: string;
}

/** Makes an authority, and a certificate of its own for localhost. */
async function makeIdentity(folder: string): Promise<Identity> {
  const at = (name: string) => join(folder, name);
  const [authorityKey, authority] = [at("ca-key.pem"), at("ca.pem")];
  const [key, certificate] = [at("key.pem"), at("certificate.pem")];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes"];
  await execute("openssl", [
    ...[...request, "-subj", "/CN=test authority"],
    ...["-keyout", authorityKey, "-out", authority],
  ]);
  await execute("openssl", [
    ...[...request, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-CA", authority, "-CAkey", authorityKey, "-keyout", key, "-out", certificate],
  ]);
  return { key, certificate, authority };
}

/** Connects in a process of its own, which trusts a certificate more. */
async function connect(url: string, trusted: string | undefined): Promise<string> {
  const script = fileURLToPath(
    new URL("../../tests/support/redis_tls_child.ts", import.meta.url),
  );
  const trust = trusted === undefined ? {} : { NODE_EXTRA_CA_CERTS: trusted, DENO_CERT: trusted };
  const env = { ...process.env, ...trust };
  const { stdout } = await execute(process.execPath, [...scriptArgs, script, url], { env });
  return stdout.trim();
}

test("openRedisStore() speaks TLS, and trusts nobody whom the runtime does not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "halley-tls-"));
  try {
    const { key, certificate, authority } = await makeIdentity(folder);
    const port = String(await freePort());
    const tls = ["--tls-port", port, "--tls-key-file", key, "--tls-cert-file", certificate];
    const others = ["--tls-ca-cert-file", authority, "--tls-auth-clients", "no"];
    const server = await RedisServer.start({ args: [...tls, ...others] });
    try {
      const url = `rediss://localhost:${port}`;
      assert.equal(await connect(url, authority), "connected");
      assert.match(await connect(url, undefined), /^Cannot connect to Redis: .*certificate/i);
      assert.match(await connect(`redis://localhost:${port}`, authority), /^Cannot connect/);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
