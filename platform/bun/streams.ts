import { checkPort, portError } from "../faults.ts";
import type { Conn, DialOptions, Listener, ListenOptions, Streams } from "../port.ts";
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
export const bunStreams: Streams = {
  async listen<Context>(options: ListenOptions<Context>): Promise<Listener> {
    checkPort("listen on", options, 0);
    const { hostname, port, reusePort, handler, pendingBytesMax } = options;
    const socket = BunConn.handlers({ handler, pendingBytesMax });
    try {
      const path = unixPath(options);
      if (path !== undefined) return await listenUnix(path, socket);
      const listener = bun.listen({ hostname, port, reusePort, allowHalfOpen: true, socket });
      return {
        address: { hostname: listener.hostname, port: listener.port },
        close: async () => listener.stop(),
      };
    } catch (error) {
      throw await portError("listen on", options, error);
    }
  },

  async dial<Context>(options: DialOptions<Context>): Promise<Conn<Context>> {
    checkPort("connect to", options, 1);
    const { hostname, port, handler, pendingBytesMax } = options;
    const socket = BunConn.handlers({ handler, pendingBytesMax });
    try {
      const path = unixPath(options);
      const place = path === undefined ? { hostname, port } : { unix: path };
      return (await bun.connect({ ...place, allowHalfOpen: true, socket })).data;
    } catch (error) {
      throw await portError("connect to", options, error);
    }
  },
};
