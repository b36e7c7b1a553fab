import { withPortErrors } from "../faults.ts";
import type { Listener, Streams, TlsCertificate } from "../port.ts";
import { certificatesByName } from "../tls.ts";
import { openUnixSocket, removeSocket, unixPath } from "../unix_socket.ts";
import { bun, type BunSocketHandlers } from "./api.ts";
import { BunConn } from "./conn.ts";
import { acceptHandlers, BunCertificates, dialTls, listenTls } from "./tls.ts";

/** Handlers of a connection that is only tried. */
const tried: BunSocketHandlers<undefined> = {
  binaryType: "uint8array",
  open: (socket) => socket.terminate(),
  data() {},
  drain() {},
  end() {},
  close() {},
};

async function listenUnix<Context>(
  path: string,
  socket: BunSocketHandlers<BunConn<Context>>,
): Promise<Listener> {
  const listener = await openUnixSocket(
    path,
    () => bun.listen({ unix: path, allowHalfOpen: true, socket }),
    () =>
      bun.connect({ unix: path, allowHalfOpen: true, socket: tried })
        .then(() => true, () => false),
  );
  return {
    address: { hostname: `unix:${path}`, port: 0 },
    close: async () => {
      listener.stop();
      removeSocket(path);
    },
  };
}

function listenWithTls<Context>(
  place: { hostname: string; port: number; reusePort?: boolean; allowHalfOpen: boolean },
  certificates: readonly TlsCertificate[],
  socket: BunSocketHandlers<BunConn<Context>>,
): Listener {
  certificatesByName(certificates);
  const listener = bun.listen({ ...place, tls: listenTls(certificates), socket });
  const contexts = new BunCertificates(listener, certificates);
  return {
    address: { hostname: listener.hostname, port: listener.port },
    close: async () => listener.stop(),
    reloadTls: async (next) => contexts.replace(next),
  };
}

/** Byte streams over `Bun.listen` and `Bun.connect`. */
export const bunStreams: Streams = withPortErrors({
  async listen(options) {
    const { hostname, port, reusePort, handler, pendingBytesMax, counters, tls } = options;
    const owner = { handler, pendingBytesMax };
    const socket = BunConn.handlers(owner);
    const path = unixPath(options);
    if (path !== undefined) return await listenUnix(path, socket);
    const place = { hostname, port, reusePort, allowHalfOpen: true };
    if (tls !== undefined) return listenWithTls(place, tls, acceptHandlers(owner, counters));
    const listener = bun.listen({ ...place, socket });
    return {
      address: { hostname: listener.hostname, port: listener.port },
      close: async () => listener.stop(),
    };
  },

  async dial(options) {
    const { hostname, port, handler, pendingBytesMax, tls } = options;
    const owner = { handler, pendingBytesMax };
    const path = unixPath(options);
    if (tls !== undefined && path === undefined) {
      return await dialTls({ hostname, port }, tls, owner);
    }
    const socket = BunConn.handlers(owner);
    const place = path === undefined ? { hostname, port } : { unix: path };
    return (await bun.connect({ ...place, allowHalfOpen: true, socket })).data;
  },
});
