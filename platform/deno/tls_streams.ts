import { once } from "node:events";
import {
  type AddressInfo,
  createConnection,
  createServer,
  isIP,
  type Server,
  type Socket,
} from "node:net";
import { connect, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Address, Listener, TlsCertificate, TlsTrust } from "../port.ts";
import { certificatesByName, dialHandshakeMs, minVersion, tlsFault } from "../tls.ts";
import { TlsConn, type TlsConnOwner } from "./tls_conn.ts";

/** Connections that may wait to be accepted. */
const backlog = 1024;

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

/** Accepts connections over TLS. Each is told to its owner before its handshake begins. */
class TlsListener<Context> implements Listener {
  readonly address: Address;
  readonly #server: Server;
  readonly #owner: TlsConnOwner<Context>;
  #contexts: Contexts;

  constructor(server: Server, owner: TlsConnOwner<Context>, contexts: Contexts) {
    const { address: hostname, port } = server.address() as AddressInfo;
    this.address = { hostname, port };
    this.#server = server;
    this.#owner = owner;
    this.#contexts = contexts;
    server.on("connection", this.#onAccepted);
    server.on("error", this.#onFailed);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
  }

  async reloadTls(certificates: readonly TlsCertificate[]): Promise<void> {
    this.#contexts = new Contexts(certificates);
  }

  #onAccepted = (raw: Socket): void => {
    raw.setNoDelay(true).on("error", ignore);
    const socket = new TLSSocket(raw, {
      ...halfOpen,
      isServer: true,
      secureContext: this.#contexts.first,
      ...(this.#contexts.areSeveral ? { SNICallback: this.#onName } : {}),
    });
    new TlsConn(socket, raw, this.#owner).start();
  };

  #onName = (name: string, done: (error: Error | null, context?: SecureContext) => void): void => {
    done(null, this.#contexts.of(name));
  };

  #onFailed = (): void => {
    const { counters } = this.#owner;
    if (counters !== undefined) counters.acceptFailures++;
  };
}

/**
 * Listens with TLS.
 *
 * @throws {Error} When the port cannot be opened or a certificate cannot be used.
 */
export async function listenTls<Context>(
  place: Address & { readonly reusePort?: boolean },
  certificates: readonly TlsCertificate[],
  owner: TlsConnOwner<Context>,
): Promise<Listener> {
  const contexts = new Contexts(certificates);
  const server = createServer({ allowHalfOpen: true });
  const { hostname: host, port, reusePort } = place;
  server.listen({ host, port, reusePort, backlog });
  await once(server, "listening");
  return new TlsListener(server, owner, contexts);
}

/**
 * Connects with TLS.
 *
 * @throws {Error} When nobody answers, or the peer is not to be trusted.
 */
export async function dialTls<Context>(
  { hostname, port }: Address,
  { ca, serverName }: TlsTrust,
  owner: TlsConnOwner<Context>,
): Promise<TlsConn<Context>> {
  const raw = createConnection({ ...halfOpen, host: hostname, port, noDelay: true });
  await once(raw, "connect");
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
    throw tlsFault(error);
  } finally {
    owner.clock.cancel(late);
  }
  const conn = new TlsConn(socket, raw, owner);
  conn.start();
  return conn;
}
