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
      `Cannot use tls-cert "/b.key" with tls-key "/b.key": it has no certificate #1 in PEM`,
      `Cannot use tls-cert "/b.pem" with tls-key "/b.pem": it has no private key in PEM`,
      `Cannot use tls-ca "/a.key": it has no certificate #1 in PEM`,
    ]);
    for (const mistake of mistakes) assert.doesNotMatch(mistake, /\n/);
  });

  test("reads those that vouch for a certificate, and all authorities", () => {
    const { tlsCert: [certA, certB], tlsKey: [keyA, keyB] } = files;
    const given = { tlsCert: [write("chain.pem", a.certificate + b.certificate)], tlsKey: [keyA] };
    assert.deepEqual(mistakesOf({ ...given, tlsCa: given.tlsCert[0] }), []);
    const broken = a.certificate + b.certificate.replace(/\n.{8}/, "\nAAAAAAAA");
    const cut = `of b\n${b.certificate}${a.certificate.slice(0, 300)}`;
    const mistakes = mistakesOf({
      tlsCert: [write("broken.pem", broken), write("cut.pem", cut), certA, certB],
      tlsKey: [keyA, keyB, keyA, keyB],
      tlsCa: write("authorities.pem", broken),
    });
    const said = mistakes.map((mistake) => /(\w+\.pem)".*(it has no .*) in PEM/.exec(mistake));
    assert.deepEqual(said.map((found) => found?.slice(1)), [
      ["broken.pem", "it has no certificate #2"],
      ["cut.pem", "it has no certificate #2"],
      ["authorities.pem", "it has no certificate #2"],
    ]);
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
