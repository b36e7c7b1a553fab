import { checkPort, portError } from "../faults.ts";
import { answer } from "../http_answer.ts";
import type { Http, HttpFetch, HttpOptions, HttpServer } from "../port.ts";
import { addressInUse, connectionRefused, type MemoryPorts } from "./ports.ts";

/** HTTP by calling the handler. */
export function memoryHttp(ports: MemoryPorts): Http {
  return {
    async serve(options: HttpOptions): Promise<HttpServer> {
      checkPort("listen on", options, 0);
      const { hostname, fetch } = options;
      const port = ports.pick(options.port);
      if (ports.bound.has(port)) throw await portError("listen on", options, addressInUse());
      const underWay = new Set<Promise<Response>>();
      ports.bound.set(port, (request, { remoteAddress }) => {
        const response = answer(fetch, request, remoteAddress);
        underWay.add(response);
        return response.finally(() => underWay.delete(response));
      });
      return {
        address: { hostname, port },
        async close() {
          ports.bound.delete(port);
          await Promise.all(underWay);
        },
      };
    },
  };
}

/**
 * Sends a request to a server within the process.
 *
 * @throws {Error} When no HTTP server has the port.
 */
export async function memoryFetch(ports: MemoryPorts, request: Request): Promise<Response> {
  const { hostname, port } = new URL(request.url);
  const bound = ports.bound.get(Number(port));
  if (bound === undefined || Array.isArray(bound)) {
    throw await portError("connect to", { hostname, port: Number(port) }, connectionRefused());
  }
  return (bound as HttpFetch)(request, { remoteAddress: "127.0.0.1" });
}
