import type { BareSockets } from "../bare_sockets.ts";

/** How much a bare connection reads at once, in bytes. */
const READ_BYTES = 512;

/** Bare `Deno.listen` and `Deno.serve`. */
export const denoBareSockets: BareSockets = {
  listen(onData) {
    const conns = new Set<Deno.TcpConn>();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

    async function serve(conn: Deno.TcpConn): Promise<void> {
      conn.setNoDelay(true);
      conns.add(conn);
      const buffer = new Uint8Array(READ_BYTES);
      try {
        for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
          if (onData === "echo") await conn.write(buffer.subarray(0, read));
        }
      } catch {
        // The peer is gone, which ends the connection like the end of its stream.
      }
      if (conns.delete(conn)) conn.close();
    }

    async function accept(): Promise<void> {
      try {
        for await (const conn of listener) serve(conn);
      } catch {
        // The listener was closed.
      }
    }

    accept();
    return Promise.resolve({
      port: listener.addr.port,
      get size() {
        return conns.size;
      },
      writeAll(bytes) {
        for (const conn of conns) conn.write(bytes);
      },
      close() {
        listener.close();
        for (const conn of conns) {
          conns.delete(conn);
          conn.close();
        }
      },
    });
  },

  serveHttp: (fetch) =>
    // Without `onListen` it prints a line of its own.
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, fetch).addr.port,
};
