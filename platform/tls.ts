import { createPrivateKey, X509Certificate } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { oneLine } from "./faults.ts";
import type { AcceptCounters, TlsCertificate } from "./port.ts";

const log = getLogger(["halley", "platform"]);

/** The lowest version of TLS that is spoken; 1.0 and 1.1 are broken (RFC 8996). */
export const minVersion = "TLSv1.2" as const;

/** How long a dialled peer has for its handshake, in milliseconds. */
export const dialHandshakeMs = 10_000;

/** What a certificate says. */
export interface CertificateFacts {
  /** Host names it is for, in lower case; the first label may be `*`. */
  readonly names: readonly string[];
  /** When it becomes valid, by the wall clock, in milliseconds. */
  readonly validFromMs: number;
  /** When it ends, by the wall clock, in milliseconds. */
  readonly validToMs: number;
}

/** A certificate in PEM, though its end may be missing. */
const inPem = /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[^-]*(?:-----END [A-Z0-9 ]*-----)?/g;

/**
 * Reads every certificate of a file. The runtimes read those behind the first at each handshake, and
 * one of them that is broken makes the handshake fail.
 *
 * @throws {Error} With a one-line message when there is none, or one is broken.
 */
export function readCertificates(pem: string): X509Certificate[] {
  return (pem.match(inPem) ?? [pem]).map((one, index) =>
    parse(`certificate #${index + 1}`, () => new X509Certificate(one))
  );
}

/**
 * Reads a certificate and those that vouch for it, and checks that the key is its own.
 *
 * @throws {Error} With a one-line message when they cannot be used.
 */
export function readCertificate({ certificate, key }: TlsCertificate): CertificateFacts {
  const [read] = readCertificates(certificate);
  const own = parse("private key", () => createPrivateKey(key));
  if (!read.checkPrivateKey(own)) throw new Error("the private key does not match the certificate");
  const names = (read.subjectAltName ?? "").split(", ").filter((name) => name.startsWith("DNS:"));
  return {
    names: names.map((name) => name.slice("DNS:".length).toLowerCase()),
    validFromMs: Date.parse(read.validFrom),
    validToMs: Date.parse(read.validTo),
  };
}

function parse<Parsed>(what: string, parsed: () => Parsed): Parsed {
  try {
    return parsed();
  } catch (error) {
    throw new Error(`it has no ${what} in PEM (${oneLine(error)})`, { cause: error });
  }
}

/**
 * Which certificate is for which name.
 *
 * @param certificates Where several are for one name, the first of them has it.
 * @throws {Error} With a one-line message when there is none, or one cannot be used.
 */
export function certificatesByName(
  certificates: readonly TlsCertificate[],
): Map<string, TlsCertificate> {
  if (certificates.length === 0) throw new Error("TLS needs a certificate");
  const byName = new Map<string, TlsCertificate>();
  for (const certificate of certificates) {
    for (const name of readCertificate(certificate).names) {
      if (!byName.has(name)) byName.set(name, certificate);
    }
  }
  return byName;
}

/** Counts and logs a client that did not get through its TLS handshake. */
export function reportTlsFailure(
  counters: AcceptCounters | undefined,
  from: string,
  error: unknown,
): void {
  if (counters !== undefined) counters.tlsFailures++;
  log.info("no TLS with {from}: {reason}", { from, reason: oneLine(error) });
}

/** Why there is no connection with a peer whose TLS handshake failed. */
export function tlsFault(error: unknown): Error {
  return new Error(`no TLS with the peer: ${oneLine(error)}`, { cause: error });
}
