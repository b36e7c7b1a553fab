/** A child process that listens with TLS and without, and answers what comes by two small writes. */
import { selfSigned } from "../platform/contract/certificates.ts";
import type { ConnHandler } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { serveCommands } from "./child.ts";

/** Where it listens, and what to trust there. */
export interface TlsPorts {
  readonly plain: number;
  readonly tls: number;
  readonly ca: string;
}

const small = new Uint8Array(20);

const handler: ConnHandler = {
  open() {},
  data(conn) {
    conn.write(small);
    conn.write(small);
  },
  drain() {},
  end: (conn) => conn.end(),
  close() {},
};

async function listen(): Promise<TlsPorts> {
  const { streams } = await selectPlatform();
  const certificate = selfSigned("IP:127.0.0.1");
  const options = { hostname: "127.0.0.1", port: 0, pendingBytesMax: 65_536, handler };
  const plain = await streams.listen(options);
  const tls = await streams.listen({ ...options, tls: [certificate] });
  return { plain: plain.address.port, tls: tls.address.port, ca: certificate.certificate };
}

serveCommands({ listen, collect: () => (globalThis as { gc?: () => void }).gc?.() });
