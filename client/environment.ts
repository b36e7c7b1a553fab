import type { ClientOptions } from "./types.ts";

/** What the SDK has of the world: a test gives it another one. */
export interface Environment {
  open(url: string): WebSocket;
  fetch: typeof fetch;
  /** Calls back once, in so many milliseconds, unless the returned function is called before. */
  after(delayMs: number, callback: () => void): () => void;
  /** From 0 to below 1. */
  random(): number;
  /** Tells when the device has a network again, and when it has lost it. */
  onNetwork(changed: (isOnline: boolean) => void): void;
  /** Gives back all it holds. */
  close(): void;
}

/** Says after how long to say so. */
const TIMER_WORKER = "onmessage=({data:[i,m]})=>setTimeout(postMessage,m,i)";

/** The environment of a browser, Bun, Deno or Node. */
export function systemEnvironment(
  { WebSocket: Socket = WebSocket, fetch: get = fetch }: ClientOptions,
): Environment {
  const ended = new AbortController();
  const { signal } = ended;
  const timers = new Map<number, { callback(): void; cancel(): void }>();
  let lastId = 0;
  const fire = (id: number) => {
    const timer = timers.get(id);
    timer?.cancel();
    timer?.callback();
  };
  const worker = timerWorker();
  if (worker) worker.onmessage = ({ data }) => fire(data);

  return {
    open: (url) => new Socket(url),
    fetch: (...args) => get(...args),
    after(delayMs, callback) {
      const id = ++lastId;
      // Whichever comes first: a page in the background has slow timers, a policy no worker.
      const timer = setTimeout(fire, delayMs, id);
      worker?.postMessage([id, delayMs]);
      const cancel = () => {
        clearTimeout(timer);
        timers.delete(id);
      };
      timers.set(id, { callback, cancel });
      return cancel;
    },
    random: () => Math.random(),
    onNetwork(changed) {
      for (const name of ["online", "offline"]) {
        globalThis.addEventListener?.(name, () => changed(name === "online"), { signal });
      }
    },
    close() {
      ended.abort();
      for (const { cancel } of timers.values()) cancel();
      worker?.terminate();
    },
  };
}

/** A worker of a page; its timers are on time in the background too. */
function timerWorker(): Worker | undefined {
  // The runtimes of servers have none, or the one that was asked for.
  if (!globalThis.location) return;
  try {
    const script = new Blob([TIMER_WORKER], { type: "text/javascript" });
    return new Worker(URL.createObjectURL(script));
  } catch {
    // The page's policy allows none, or it is a page of a test that has neither.
  }
}
