import { Child } from "./child.ts";
import { cell, printTable, scaled } from "./measure.ts";
import type { TimersArgument, TimersCost } from "./timers.ts";

const TIMERS = 1_000_000;
/** With fewer, their memory is lost in that of the runtime. */
const TIMERS_MIN = 50_000;
const REFRESHES_PER_SECOND = 100_000;
const TICKS_PER_SECOND = 10;
/** Seconds of refreshes: for the wheel as long as a deadline is away, so that entries move, too. */
const SECONDS = { wheel: 600, setTimeout: 10 } as const;

/** Each kind in a process of its own, so that the memory is that kind's. */
async function measure(kind: TimersArgument["kind"], timers: number): Promise<TimersCost> {
  const refreshesPerTick = Math.round(
    REFRESHES_PER_SECOND / TICKS_PER_SECOND * timers / TIMERS,
  );
  const refreshes = refreshesPerTick * TICKS_PER_SECOND * SECONDS[kind];
  await using child = new Child("./timers.ts");
  return await child.call("measure", { kind, timers, refreshes, refreshesPerTick });
}

/**
 * A million heartbeat deadlines in the timing wheel, next to a `setTimeout` for each: memory, and
 * time to add, refresh and cancel one.
 */
export async function run(scale: number): Promise<void> {
  const timers = scaled(TIMERS, scale, TIMERS_MIN);
  const figuresOf = async (kind: TimersArgument["kind"]) => {
    const { addNs, refreshNs, cancelNs, bytes } = await measure(kind, timers);
    return [addNs, refreshNs, cancelNs, bytes, 100 * refreshNs * REFRESHES_PER_SECOND / 1e9];
  };
  const wheel = await figuresOf("wheel");
  const native = await figuresOf("setTimeout");
  printTable(
    `${timers} timers, one for each connection`,
    [
      "timers",
      "add ns",
      "refresh ns",
      "cancel ns",
      "bytes each",
      `% of a core at ${REFRESHES_PER_SECOND} refreshes/s`,
    ],
    [
      ["wheel", ...wheel.map(cell)],
      ["setTimeout", ...native.map(cell)],
      ["ratio", ...wheel.map((figure, column) => cell(figure / native[column]))],
    ],
  );
}
