import { selectPlatform } from "../select.ts";

// A process of its own for tests: prints its port and sends everything back. Ends with the code
// that its argument says; a second one makes it speak TLS.
const { streams, process } = await selectPlatform();
const [exitCode, tls] = process.args;
const listener = await streams.listen({
  hostname: "127.0.0.1",
  port: 0,
  pendingBytesMax: 64 * 1024,
  tls: tls === undefined ? undefined : [JSON.parse(tls)],
  handler: {
    open() {},
    data: (conn, chunk) => void conn.write(chunk.slice()),
    drain() {},
    end: (conn) => conn.end(),
    close() {},
  },
});
for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM"] as const) {
  process.onSignal(signal, () => process.exit(Number(exitCode)));
}
for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const) process.onSignal(signal, () => {});
console.log(listener.address.port);
