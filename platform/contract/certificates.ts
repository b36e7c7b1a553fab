import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Platform, TlsCertificate } from "../port.ts";
import type { Subject } from "./probe.ts";

/**
 * Makes a certificate that signs itself, valid for a day.
 *
 * @param names What it is for: `DNS:a.test`, `IP:127.0.0.1`.
 */
export function selfSigned(...names: readonly string[]): TlsCertificate {
  const folder = mkdtempSync(join(tmpdir(), "halley-certificate-"));
  const [certificate, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  try {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const subject = ["-subj", "/CN=halley test", "-addext", `subjectAltName=${names.join()}`];
    const files = ["-keyout", key, "-out", certificate];
    execFileSync("openssl", ["req", "-x509", ...curve, "-days", "1", ...subject, ...files], {
      stdio: "ignore",
    });
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A platform whose streams all speak TLS: the same tests hold for it. */
export function overTls(platform: Platform): Subject {
  const certificate = selfSigned("DNS:localhost", "IP:127.0.0.1");
  const tls = { ca: certificate.certificate };
  return {
    ...platform,
    opensEarly: true,
    streams: {
      listen: (options) => platform.streams.listen({ ...options, tls: [certificate] }),
      dial: (options) => platform.streams.dial({ ...options, tls }),
    },
  };
}
