import type { BareSockets } from "../bare_sockets.ts";
import { bun, type BunSocket } from "./api.ts";

/** Bare `Bun.listen` and `Bun.serve`. */
export const bunBareSockets: BareSockets = {
  listen(onData) {
    const sockets = new Set<BunSocket<undefined>>();
    const listener = bun.listen<undefined>({
      hostname: "127.0.0.1",
      port: 0,
      allowHalfOpen: false,
      socket: {
        binaryType: "uint8array",
        open(socket) {
          socket.setNoDelay(true);
          sockets.add(socket);
        },
        data(socket, chunk) {
          if (onData === "echo") socket.write(chunk);
        },
        drain() {},
        end() {},
        close: (socket) => sockets.delete(socket),
      },
    });
    return Promise.resolve({
      port: listener.port,
      get size() {
        return sockets.size;
      },
      writeAll(bytes) {
        for (const socket of sockets) socket.write(bytes);
      },
      close() {
        for (const socket of sockets) socket.terminate();
        listener.stop();
      },
    });
  },

  serveHttp: (fetch) => bun.serve({ hostname: "127.0.0.1", port: 0, fetch }).port,
};
