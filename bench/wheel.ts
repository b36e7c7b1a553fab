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
  const child = new Child(new URL("./timers.ts", import.meta.url));
  try {
    return await child.call<TimersCost>("measure", {
      kind,
      timers,
      refreshes: refreshesPerTick * TICKS_PER_SECOND * SECONDS[kind],
      refreshesPerTick,
    });
  } finally {
    await child.stop();
  }
}

/**
 * A million heartbeat deadlines in the timing wheel, next to a `setTimeout` for each: memory, and
 * time to add, refresh and cancel one.
 *
 * @param scale 1 is the full size.
 */
export async function run(scale: number): Promise<void> {
  const timers = scaled(TIMERS, scale, TIMERS_MIN);
  const wheel = await measure("wheel", timers);
  const native = await measure("setTimeout", timers);
  const row = (name: string, { addNs, refreshNs, cancelNs, bytes }: TimersCost) => {
    const coreShare = refreshNs * REFRESHES_PER_SECOND / 1e9;
    return [name, ...[addNs, refreshNs, cancelNs, bytes, 100 * coreShare].map(cell)];
  };
  const ratio = (part: (cost: TimersCost) => number) => cell(part(wheel) / part(native));
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
    [row("wheel", wheel), row("setTimeout", native), [
      "ratio",
      ratio((cost) => cost.addNs),
      ratio((cost) => cost.refreshNs),
      ratio((cost) => cost.cancelNs),
      ratio((cost) => cost.bytes),
      ratio((cost) => cost.refreshNs),
    ]],
  );
}
