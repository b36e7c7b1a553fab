import { preciseClock } from "../../platform/system_clock.ts";
import type { RunContext } from "../run_context.ts";
import { mute, watchUrl } from "../show_api.ts";
import { castOf } from "../show/cast.ts";
import { wavesOf } from "../show/waves.ts";
import { checkReturn, type Scenario } from "./scenario.ts";

/** Share of the viewers that are there from the beginning, and after which share all are. */
const AT_FIRST = 0.8;
const LATE = 0.3;

/** Which part of the show a moderator does not let those write that flood it, in shares. */
const MUTED_FROM = 0.5;
const MUTED_SPAN = 0.25;

/** What the clocks of two processes may differ by, and a mute may be late by, in milliseconds. */
const MUTE_MS = 100;

/** Before it begins, all processes have to know of it, in milliseconds. */
const COUNTDOWN_MS = 300;

/** Something that is done at a moment of a show. */
interface Cue {
  readonly atMs: number;
  act(): unknown;
}

/** Has a moderator mute those that flood the room, as soon as the server is told. */
async function muteFlooders(run: RunContext, clients: readonly number[], forMs: number) {
  const untilMs = preciseClock.wallMs() + forMs;
  const answers = await Promise.all(clients.map((client) => mute(run.api, client, forMs)));
  if (!answers.every(Boolean)) {
    run.notes.mute = "the server mutes nobody";
    return;
  }
  run.mute = { clients, fromMs: preciseClock.wallMs() + MUTE_MS, toMs: untilMs - MUTE_MS };
}

/** What happens beside what viewers do by themselves, in order. */
function cuesOf(run: RunContext): Cue[] {
  const { seed, clients, durationMs } = run.options;
  const late = clients - firstOf(clients);
  const cues = wavesOf(seed, durationMs).map(({ atMs, mood }, index): Cue => ({
    atMs,
    act: () => run.phase(`wave ${index + 1}, ${mood}`),
  }));
  cues.push({
    atMs: durationMs * LATE,
    // One that comes late asks for what was said last.
    act: () => late > 0 && run.fleet.connect({ ...run.plan, exact: false }, late),
  }, {
    atMs: durationMs * MUTED_FROM,
    act: () => muteFlooders(run, castOf(seed, clients).flooders, durationMs * MUTED_SPAN),
  });
  return cues.sort((one, other) => one.atMs - other.atMs);
}

function firstOf(clients: number): number {
  return Math.ceil(clients * AT_FIRST);
}

/** A live show: viewers write, like, come and go, and something happens now and then. */
export const danmaku: Scenario = {
  keepsPlaces: true,
  isShow: true,
  clientsAtFirst: firstOf,
  async run(run) {
    const { seed, clients, rate: ratePerS, durationMs } = run.options;
    const url = await watchUrl(run.api, run.options.roomKeys);
    if (url !== undefined) console.error(`watch it at ${url}`);
    const startMs = Math.ceil(preciseClock.wallMs()) + COUNTDOWN_MS;
    const untilMs = async (atMs: number) => {
      const waitMs = startMs + atMs - preciseClock.wallMs();
      if (waitMs > 0) await run.wait(waitMs);
    };
    await run.fleet.all("perform", { seed, clients, ratePerS, durationMs, startMs });
    await untilMs(0);
    run.phase("hello");
    for (const { atMs, act } of cuesOf(run)) {
      await untilMs(atMs);
      await act();
    }
    await untilMs(durationMs);
    run.phase("the end");
    await run.fleet.all("reconnect");
    await checkReturn(run);
  },
};
