import { readFileSync, statSync } from "node:fs";
import type { TlsCertificate, TlsTrust } from "../platform/port.ts";
import { readCertificate, readCertificates } from "../platform/tls.ts";
import { ConfigError } from "../options/reading.ts";
import { reasonOf } from "./permission_hints.ts";
import type { Config } from "./config/schema.ts";

/** What the files of TLS hold. */
export interface TlsFiles {
  /** For servers. */
  readonly certificates: readonly TlsCertificate[];
  /** For the ends that dial. */
  readonly trust: TlsTrust;
  /** What is wrong and no reason not to go on, a line each. */
  readonly warnings: readonly string[];
}

/**
 * Reads the files that the options of TLS name.
 *
 * @param nowMs The time by the wall clock.
 * @throws {ConfigError} When one cannot be read or used; it holds every mistake.
 */
export function readTlsFiles(
  { tlsCert, tlsKey, tlsCa }: Pick<Config, "tlsCert" | "tlsKey" | "tlsCa">,
  nowMs: number,
): TlsFiles {
  const mistakes: string[] = [];
  const warnings: string[] = [];
  const read = (option: string, path: string) => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      mistakes.push(`Cannot read ${option} "${path}": ${reasonOf(error)}`);
    }
  };
  const certificates: TlsCertificate[] = [];
  for (const [index, path] of tlsCert.entries()) {
    const certificate = read("tls-cert", path);
    const key = read("tls-key", tlsKey[index]);
    if (certificate === undefined || key === undefined) continue;
    try {
      const { validFromMs, validToMs } = readCertificate({ certificate, key });
      certificates.push({ certificate, key });
      if (nowMs < validFromMs) {
        warnings.push(`tls-cert "${path}" is valid from ${day(validFromMs)}`);
      }
      if (nowMs > validToMs) warnings.push(`tls-cert "${path}" has expired on ${day(validToMs)}`);
    } catch (error) {
      const { message } = error as Error;
      mistakes.push(`Cannot use tls-cert "${path}" with tls-key "${tlsKey[index]}": ${message}`);
    }
    if (isReadByAll(tlsKey[index])) {
      warnings.push(
        `tls-key "${tlsKey[index]}" can be read by every user of this machine: chmod o-r`,
      );
    }
  }
  const ca = tlsCa === "" ? undefined : read("tls-ca", tlsCa);
  try {
    if (ca !== undefined) readCertificates(ca);
  } catch (error) {
    mistakes.push(`Cannot use tls-ca "${tlsCa}": ${(error as Error).message}`);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { certificates, trust: { ca }, warnings };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function isReadByAll(path: string): boolean {
  return (statSync(path).mode & 0o004) !== 0;
}
