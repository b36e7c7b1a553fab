import { withPortErrors } from "../faults.ts";
import type { Listener, Streams } from "../port.ts";
import { openUnixSocket, removeSocket, unixPath } from "../unix_socket.ts";
import { bun, type BunSocketHandlers } from "./api.ts";
import { BunConn } from "./conn.ts";

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

/** Byte streams over `Bun.listen` and `Bun.connect`. */
export const bunStreams: Streams = withPortErrors({
  async listen(options) {
    const { hostname, port, reusePort, handler, pendingBytesMax } = options;
    const socket = BunConn.handlers({ handler, pendingBytesMax });
    const path = unixPath(options);
    if (path !== undefined) return await listenUnix(path, socket);
    const listener = bun.listen({ hostname, port, reusePort, allowHalfOpen: true, socket });
    return {
      address: { hostname: listener.hostname, port: listener.port },
      close: async () => listener.stop(),
    };
  },

  async dial(options) {
    const { hostname, port, handler, pendingBytesMax } = options;
    const socket = BunConn.handlers({ handler, pendingBytesMax });
    const path = unixPath(options);
    const place = path === undefined ? { hostname, port } : { unix: path };
    return (await bun.connect({ ...place, allowHalfOpen: true, socket })).data;
  },
});
