import type { ListenerOptions } from "../../comet/options.ts";
import type { Address } from "../../platform/port.ts";

/** What `/readyz` says of a role that does not listen yet, or any more. */
export const NOT_LISTENING = "it starts or stops";

/** A role, or several, that run in this process. */
export interface Running {
  /** Settles when everything is closed; calling it again is the same as waiting for the first. */
  close(): Promise<void>;
  /** Settles with the reason when it cannot go on by itself; `close` is still to be called. */
  readonly ended?: Promise<string>;
}

/** A server that runs. */
export interface RunningServer extends Running {
  /** Where it really listens for clients. */
  readonly listeners: readonly ListenerOptions[];
  /** The first of these addresses over TCP; asking for it throws where there is none. */
  readonly tcp: Address;
  /** The first of these addresses over WebSocket; asking for it throws where there is none. */
  readonly ws: Address;
  /** Where its HTTP API really is. */
  readonly http: Address;
}

/** Opens something, and closes it again when that fails half-way. */
export async function opened<Role extends { open(): Promise<Open>; close(): Promise<void> }, Open>(
  role: Role,
): Promise<Open> {
  try {
    return await role.open();
  } catch (error) {
    await role.close();
    throw error;
  }
}
