import { preciseClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import { parentGone } from "../../platform/parent.ts";
import type { Platform } from "../../platform/port.ts";
import { RpcDialer } from "../../rpc/dialer.ts";
import { type ClientProcessOptions, fromJson, SIM_VARIABLE, toJson } from "./calls.ts";
import { type Command, Population } from "./population.ts";

/** A process of virtual clients: does what its parent asks for, and ends with it. */
export async function runClientProcess(platform: Platform): Promise<void> {
  const options: ClientProcessOptions = JSON.parse(platform.process.env[SIM_VARIABLE]!);
  const population = new Population(platform.streams, preciseClock, options.tag);
  await new Promise<void>((resolve) => {
    const dialer = new RpcDialer({
      streams: platform.streams,
      address: { hostname: "127.0.0.1", port: options.port },
      secret: options.secret,
      clock: preciseClock,
      prng: systemPrng(),
      self: { role: "clients", id: String(options.index) },
      handler: {
        call: async (_link, _method, body) => {
          const [command, argument] = fromJson<[command: Command, argument: never]>(body);
          return toJson(await population[command](argument));
        },
        closed: () => resolve(),
      },
    });
    platform.process.onSignal("SIGTERM", () => resolve());
    // A terminal's signals reach this process as well: its parent decides.
    for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT"] as const) {
      platform.process.onSignal(signal, () => {});
    }
    void parentGone(options.parent, preciseClock).then(resolve);
    dialer.start();
  });
  platform.process.exit(0);
}
