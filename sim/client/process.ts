import { preciseClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import { parentGone } from "../../platform/parent.ts";
import type { Platform } from "../../platform/port.ts";
import { RpcDialer } from "../../rpc/dialer.ts";
import type { Command } from "./commands.ts";
import { ShowPopulation } from "./show_population.ts";

/** Method by which the parent calls a client process: JSON of a command and its argument. */
export const COMMAND = 101;

/** Where a client process finds what it is to do: JSON of {@linkcode ClientProcessOptions}. */
export const SIM_VARIABLE = "HALLEY_SIM";

/**
 * How long a process at either end may give no sign of life, in milliseconds: a client process may be
 * busy for long, and its calls have deadlines; the link of one that has gone is lost at once.
 */
export const SILENT_MS = Infinity;

/** What a client process starts with. */
export interface ClientProcessOptions {
  /** The process of its parent. */
  readonly parent: number;
  /** Where its parent listens. */
  readonly port: number;
  readonly secret: string;
  readonly index: number;
  /** Of this run's pushes or messages. */
  readonly tag: number;
  /** Whether the clients watch a show, and write. */
  readonly isShow: boolean;
}

/** A value as the body of a call. */
export function toJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value ?? null));
}

/** The value of a body. */
export function fromJson<Value>(body: Uint8Array): Value {
  return JSON.parse(new TextDecoder().decode(body));
}

/** A process of virtual clients: does what its parent asks for, and ends with it. */
export async function runClientProcess(platform: Platform): Promise<void> {
  const options: ClientProcessOptions = JSON.parse(platform.process.env[SIM_VARIABLE]!);
  const { tag, isShow } = options;
  const population = new ShowPopulation(platform.streams, preciseClock, { tag }, isShow);
  await new Promise<void>((resolve) => {
    const dialer = new RpcDialer({
      streams: platform.streams,
      address: { hostname: "127.0.0.1", port: options.port },
      secret: options.secret,
      clock: preciseClock,
      prng: systemPrng(),
      self: { role: "clients", id: String(options.index) },
      silentMs: SILENT_MS,
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
