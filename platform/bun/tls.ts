import { createServer } from "node:tls";
import type { ConnOwner } from "../queued_conn.ts";
import type { AcceptCounters, TlsCertificate, TlsTrust } from "../port.ts";
import { systemClock } from "../system_clock.ts";
import {
  certificatesByName,
  dialHandshakeMs,
  minVersion,
  reportTlsFailure,
  tlsFault,
} from "../tls.ts";
import { bun, type BunListener, type BunSocketHandlers, type BunTlsOptions } from "./api.ts";
import { BunConn } from "./conn.ts";

/** `minVersion` as `Bun.listen` wants it: the number of the version in the protocol. */
const minVersionNumber = 0x0303;

/** What `Bun.listen` is given of the first certificate. */
export function listenTls([{ certificate: cert, key }]: readonly TlsCertificate[]): BunTlsOptions {
  return { cert, key, minVersion: minVersionNumber };
}

/**
 * The certificates of a listener. `Bun.listen` takes one, and for good; its listener can do more,
 * which only the server of `node:tls` knows how to ask for. So one that never listens itself has our
 * listener for its handle: the sockets are Bun's own, at half the memory of those of `node:tls`.
 */
export class BunCertificates {
  readonly #server = createServer();
  #names: Iterable<string> = [];

  /** @throws {Error} With a one-line message when one cannot be used. */
  constructor(listener: BunListener, certificates: readonly TlsCertificate[]) {
    let isAsked = false;
    Object.defineProperty(this.#server, "_handle", {
      get: () => {
        isAsked = true;
        return listener;
      },
    });
    this.replace(certificates);
    if (!isAsked) throw new Error("this version of Bun does not let certificates be exchanged");
  }

  /** @throws {Error} With a one-line message when one cannot be used: those before stay. */
  replace(certificates: readonly TlsCertificate[]): void {
    const byName = certificatesByName(certificates);
    const [first] = certificates;
    this.#server.setSecureContext(contextOf(first));
    for (const name of this.#names) {
      if (!byName.has(name)) this.#server.addContext(name, contextOf(first));
    }
    for (const [name, one] of byName) this.#server.addContext(name, contextOf(one));
    this.#names = new Set([...this.#names, ...byName.keys()]);
  }
}

function contextOf({ certificate: cert, key }: TlsCertificate) {
  return { cert, key, minVersion } as const;
}

/** Whether a handshake ended since the peer left. */
function hasLeft(error: Error | null): boolean {
  return (error as { code?: string } | null)?.code === "ECONNRESET";
}

/** Callbacks that make a connection of each socket, which is told before its handshake begins. */
export function acceptHandlers<Context>(
  owner: ConnOwner<Context>,
  counters: AcceptCounters | undefined,
): BunSocketHandlers<BunConn<Context>> {
  return {
    ...BunConn.handlers(owner),
    handshake(socket, isDone, error) {
      if (isDone || socket.data.isOver || hasLeft(error)) return;
      reportTlsFailure(counters, socket.data.remoteAddress, error);
    },
  };
}

/**
 * Connects with TLS.
 *
 * @throws {Error} When nobody answers, or the peer is not to be trusted.
 */
export async function dialTls<Context>(
  place: { readonly hostname: string; readonly port: number },
  { ca, serverName }: TlsTrust,
  owner: ConnOwner<Context>,
): Promise<BunConn<Context>> {
  const { promise, resolve, reject } = Promise.withResolvers<BunConn<Context>>();
  const handlers = BunConn.handlers(owner);
  const socket = await bun.connect<BunConn<Context>>({
    ...place,
    tls: { ca, serverName, rejectUnauthorized: true, minVersion: minVersionNumber },
    allowHalfOpen: true,
    socket: {
      ...handlers,
      open() {},
      handshake(socket, isDone, error) {
        if (!isDone || error !== null) return reject(tlsFault(error));
        handlers.open(socket);
        resolve(socket.data);
      },
      drain: (socket) => void (socket.data !== undefined && handlers.drain(socket)),
      end: (socket) => void (socket.data !== undefined && handlers.end(socket)),
      close(socket) {
        if (socket.data !== undefined) return handlers.close(socket);
        reject(tlsFault(new Error("it closed the connection in its handshake")));
      },
    },
  });
  const late = systemClock.setTimeout(
    () => reject(tlsFault(new Error("its handshake did not end in time"))),
    dialHandshakeMs,
  );
  try {
    return await promise;
  } catch (error) {
    socket.terminate();
    throw error;
  } finally {
    systemClock.cancel(late);
  }
}
