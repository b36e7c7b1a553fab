import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ConfigError } from "../options/reading.ts";
import { selfSigned } from "../platform/contract/certificates.ts";
import { readTlsFiles } from "./tls_files.ts";

const dayMs = 24 * 3_600_000;
const nowMs = Date.now();
let folder = "";

/** Writes a file that its owner alone may read. */
function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function mistakesOf(files: Parameters<typeof readTlsFiles>[0]): readonly string[] {
  try {
    readTlsFiles(files, nowMs);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

describe("readTlsFiles()", () => {
  const [a, b] = [selfSigned("DNS:a.test"), selfSigned("DNS:b.test")];
  let files: { tlsCert: string[]; tlsKey: string[]; tlsCa: string };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "halley-tls-files-"));
    files = {
      tlsCert: [write("a.pem", a.certificate), write("b.pem", b.certificate)],
      tlsKey: [write("a.key", a.key), write("b.key", b.key)],
      tlsCa: write("ca.pem", a.certificate),
    };
  });
  after(() => rmSync(folder, { recursive: true }));

  test("reads certificates, their keys and the authorities", () => {
    const trust = { ca: a.certificate };
    assert.deepEqual(readTlsFiles(files, nowMs), { certificates: [a, b], trust, warnings: [] });
    const none = { certificates: [], trust: { ca: undefined }, warnings: [] };
    assert.deepEqual(readTlsFiles({ tlsCert: [], tlsKey: [], tlsCa: "" }, nowMs), none);
  });

  test("says every mistake, each in one line", () => {
    const missing = join(folder, "missing.pem");
    const [certA, certB] = files.tlsCert;
    const [keyA, keyB] = files.tlsKey;
    const mistakes = mistakesOf({
      tlsCert: [certA, missing, keyB, certB],
      tlsKey: [keyB, keyA, keyB, certB],
      tlsCa: keyA,
    });
    assert.deepEqual(mistakes.map((mistake) => mistake.replaceAll(folder, "").split(" (")[0]), [
      `Cannot use tls-cert "/a.pem" with tls-key "/b.key": the private key does not match the ` +
      `certificate`,
      `Cannot read tls-cert "/missing.pem": there is no such file`,
      `Cannot use tls-cert "/b.key" with tls-key "/b.key": it is no certificate in PEM`,
      `Cannot use tls-cert "/b.pem" with tls-key "/b.pem": it is no private key in PEM`,
      `Cannot use tls-ca "/a.key": it is no certificate in PEM`,
    ]);
    for (const mistake of mistakes) assert.doesNotMatch(mistake, /\n/);
  });

  test("warns of certificates that are not valid, and of keys that all may read", () => {
    const warningsAt = (ms: number) => readTlsFiles(files, ms).warnings;
    assert.match(
      warningsAt(nowMs + 2 * dayMs).join("\n"),
      /a\.pem" has expired on \d{4}-.*\n.*b\.pem"/,
    );
    assert.match(warningsAt(nowMs - 2 * dayMs)[0], /a\.pem" is valid from \d{4}-\d\d-\d\d$/);
    chmodSync(files.tlsKey[1], 0o644);
    assert.match(warningsAt(nowMs).join(), /^tls-key ".*b\.key" can be read by every user/);
  });
});
