/** A child process that holds very many timers, the wheel's or the runtime's own. */
import process from "node:process";
import { TimingWheel } from "../comet/timer/timing_wheel.ts";
import { serveCommands } from "./child.ts";

/** What is measured. */
export interface TimersArgument {
  readonly kind: "wheel" | "setTimeout";
  readonly timers: number;
  readonly refreshes: number;
  /** Refreshes in one tick of the wheel. */
  readonly refreshesPerTick: number;
}

/** What it costs. */
export interface TimersCost {
  readonly addNs: number;
  readonly refreshNs: number;
  readonly cancelNs: number;
  /** Resident memory for each timer. */
  readonly bytes: number;
}

/** As many are tried first, for the compilers. */
const WARM_UP_TIMERS = 5_000;
const TICK_MS = 100;
/** Refreshes do not go through the memory in order: connections' heartbeats do not either. */
const STRIDE = 7919;
/** No timer fires while it is measured. */
const DEADLINE_MS = 480_000;

/** One kind of timers, by number. */
interface Timers {
  add(timer: number): void;
  refresh(timer: number): void;
  cancel(timer: number): void;
  tick(): void;
}

function expired(timer: number): void {
  throw new Error(`timer ${timer} fired`);
}

/** Time is moved by hand, so that the wheel does all the work of as many ticks. */
function wheelTimers(count: number): Timers {
  let nowMs = 0;
  const wheel = new TimingWheel({ tickMs: TICK_MS, nowMs });
  const ids = new Int32Array(count);
  return {
    add: (timer) => ids[timer] = wheel.add(nowMs + DEADLINE_MS, timer),
    refresh: (timer) => wheel.refresh(ids[timer], nowMs + DEADLINE_MS),
    cancel: (timer) => wheel.cancel(ids[timer]),
    tick: () => wheel.advance(nowMs += TICK_MS, expired),
  };
}

/** The callback is shared and gets the timer's number, which is the least that one can ask for. */
function runtimeTimers(count: number): Timers {
  const handles = new Array<ReturnType<typeof setTimeout>>(count);
  const add = (timer: number) => handles[timer] = setTimeout(expired, DEADLINE_MS, timer);
  return {
    add,
    refresh(timer) {
      clearTimeout(handles[timer]);
      add(timer);
    },
    cancel: (timer) => clearTimeout(handles[timer]),
    tick() {},
  };
}

/** Resident memory in bytes, without garbage. */
function residentBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().rss;
}

/** How long `body` takes for each of `count`, in nanoseconds. */
function nsEach(count: number, body: () => void): number {
  const startMs = performance.now();
  body();
  return (performance.now() - startMs) * 1e6 / count;
}

function measure({ kind, timers, refreshes, refreshesPerTick }: TimersArgument): TimersCost {
  const before = residentBytes();
  const subject = kind === "wheel" ? wheelTimers(timers) : runtimeTimers(timers);
  const addNs = nsEach(timers, () => {
    for (let timer = 0; timer < timers; timer++) subject.add(timer);
  });
  const bytes = (residentBytes() - before) / timers;
  const refreshNs = nsEach(refreshes, () => {
    let timer = 0;
    for (let refresh = 0; refresh < refreshes; refresh++) {
      subject.refresh(timer);
      timer = (timer + STRIDE) % timers;
      if (refresh % refreshesPerTick === 0) subject.tick();
    }
  });
  const cancelNs = nsEach(timers, () => {
    for (let timer = 0; timer < timers; timer++) subject.cancel(timer);
  });
  return { addNs, refreshNs, cancelNs, bytes };
}

serveCommands({
  measure(argument: TimersArgument) {
    measure({ ...argument, timers: WARM_UP_TIMERS, refreshes: 10 * WARM_UP_TIMERS });
    return measure(argument);
  },
});
