import { createServer } from "node:net";

/**
 * How many ports each process has to give away, and where these begin. They are not those that the
 * system gives to whoever connects, which may be taken before someone listens, or while who listens
 * is started again; and two processes of tests hardly ever have the same.
 */
const PORTS = 128;
const PORTS_BEGIN = 10_000 + PORTS * (process.pid % 170);

let portsGiven = 0;

/** A port of this machine that nobody listens on, and that is given to nobody else. */
export async function freePort(): Promise<number> {
  while (true) {
    const port = PORTS_BEGIN + portsGiven++ % PORTS;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
