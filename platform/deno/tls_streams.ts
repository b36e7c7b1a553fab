import { once } from "node:events";
import { isIP } from "node:net";
import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Address, TlsCertificate, TlsTrust } from "../port.ts";
import { certificatesByName, dialHandshakeMs, minVersion, tlsFault } from "../tls.ts";
import { RawStream } from "./raw_stream.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import { TlsConn, type TlsConnOwner } from "./tls_conn.ts";

/** What the connections of a listener, or of a dial, have in common. */
type Owner<Context> = TlsConnOwner<Context> & { readonly readBuffers: ReadBuffers };

/** Honoured, though the types of TLS leave it out. */
const halfOpen = { allowHalfOpen: true };

/** A certificate of a listener for each name, and one for who gives none. */
class Contexts {
  readonly first: SecureContext;
  /** Whether the name that a client gives decides. */
  readonly areSeveral: boolean;
  readonly #byName: Map<string, SecureContext>;

  /** @throws {Error} With a one-line message when one cannot be used. */
  constructor(certificates: readonly TlsCertificate[]) {
    const byName = certificatesByName(certificates);
    const made = new Map(certificates.map((one) => {
      const { certificate: cert, key } = one;
      return [one, createSecureContext({ cert, key, minVersion })];
    }));
    this.first = made.get(certificates[0])!;
    this.areSeveral = made.size > 1;
    this.#byName = new Map([...byName].map(([name, one]) => [name, made.get(one)!]));
  }

  of(name: string): SecureContext {
    const lower = name.toLowerCase();
    const wildcard = `*${lower.slice(lower.indexOf("."))}`;
    return this.#byName.get(lower) ?? this.#byName.get(wildcard) ?? this.first;
  }
}

/** What goes wrong below TLS is said above it. */
function ignore(): void {}

/** Makes connections over TLS of those that a listener accepts, told before their handshake. */
export class TlsAcceptor<Context> {
  #contexts: Contexts;

  /** @throws {Error} With a one-line message when a certificate cannot be used. */
  constructor(certificates: readonly TlsCertificate[], private readonly owner: Owner<Context>) {
    this.#contexts = new Contexts(certificates);
  }

  /** @throws {Error} As the constructor: then those before stay. */
  replace(certificates: readonly TlsCertificate[]): void {
    this.#contexts = new Contexts(certificates);
  }

  accept(conn: Deno.TcpConn): void {
    const raw = new RawStream(conn, this.owner.readBuffers);
    raw.on("error", ignore);
    const socket = new TLSSocket(raw, {
      ...halfOpen,
      isServer: true,
      secureContext: this.#contexts.first,
      // Each takes memory.
      ...(this.#contexts.areSeveral ? { SNICallback: this.#onName } : {}),
    });
    new TlsConn(socket, raw, this.owner).start();
  }

  #onName = (name: string, done: (error: Error | null, context?: SecureContext) => void): void => {
    done(null, this.#contexts.of(name));
  };
}

/**
 * Connects with TLS.
 *
 * @throws {Error} When nobody answers, or the peer is not to be trusted.
 */
export async function dialTls<Context>(
  { hostname, port }: Address,
  { ca, serverName }: TlsTrust,
  owner: Owner<Context>,
): Promise<TlsConn<Context>> {
  const raw = new RawStream(await Deno.connect({ hostname, port }), owner.readBuffers);
  raw.on("error", ignore);
  const servername = serverName ?? (isIP(hostname) === 0 ? hostname : undefined);
  const options = { host: hostname, ca, servername, minVersion } as const;
  const socket = connect({ ...halfOpen, ...options, socket: raw });
  const late = owner.clock.setTimeout(() => {
    socket.destroy(new Error("its handshake did not end in time"));
  }, dialHandshakeMs);
  try {
    await once(socket, "secureConnect");
  } catch (error) {
    socket.destroy();
    raw.destroy();
    throw tlsFault(error);
  } finally {
    owner.clock.cancel(late);
  }
  const conn = new TlsConn(socket, raw, owner);
  conn.secured = true;
  conn.start();
  return conn;
}
