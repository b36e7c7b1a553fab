import { clearImmediate, setImmediate } from "node:timers";
import type { Clock } from "../base/clock.ts";

/** A handle and how to cancel it, since the runtimes keep a function for each kind. */
interface SystemHandle {
  cancel: (id: never) => void;
  id: never;
}

function handle<T>(cancel: (id: T) => void, id: T): SystemHandle {
  return { cancel, id } as unknown as SystemHandle;
}

/**
 * Deno looks at its sockets only every so many immediates: a loop of turns of 5 ms each, one
 * immediate after the other, held an echo up by 290 ms; with timers of 0 ms it was 1 ms. Bun looks
 * every time.
 */
const immediatesStarveSockets = "Deno" in globalThis;

/** The machine's clock and the runtime's timers. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimeout: (callback, delayMs) => handle(clearTimeout, setTimeout(callback, delayMs)),
  setInterval: (callback, periodMs) => handle(clearInterval, setInterval(callback, periodMs)),
  nextTurn: (callback) =>
    immediatesStarveSockets
      ? handle(clearTimeout, setTimeout(callback, 0))
      : handle(clearImmediate, setImmediate(callback)),
  cancel(timer) {
    const { cancel, id } = timer as SystemHandle;
    cancel(id);
  },
};

/**
 * The system's clock with the time of day to fractions of a millisecond, the same for all processes
 * of a machine: what measures from one process to another needs it. It does not follow a clock that
 * is set while the process runs.
 */
export const preciseClock: Clock = {
  ...systemClock,
  wallMs: () => performance.timeOrigin + performance.now(),
};
