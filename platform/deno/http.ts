import { checkPort, portError } from "../faults.ts";
import { answer } from "../http_answer.ts";
import type { Http, HttpOptions, HttpServer } from "../port.ts";

/** HTTP over `Deno.serve`. */
export const denoHttp: Http = {
  async serve(options: HttpOptions): Promise<HttpServer> {
    checkPort("listen on", options, 0);
    const { hostname, port, fetch } = options;
    try {
      const server = Deno.serve(
        // Without `onListen` it prints a line of its own.
        { hostname, port, onListen: () => {} },
        (request, { remoteAddr }) => answer(fetch, request, remoteAddr.hostname),
      );
      return {
        address: { hostname: server.addr.hostname, port: server.addr.port },
        close: () => server.shutdown(),
      };
    } catch (error) {
      throw await portError("listen on", options, error);
    }
  },
};
