/** A child process that is an honest audience: members of a room that get pushes all the time. */
import { sleep } from "../base/clock.ts";
import { systemClock } from "../platform/system_clock.ts";
import { serveCommands } from "./child.ts";
import { percentile99 } from "./measure.ts";
import { Members, timedBody } from "./members.ts";
import { pushToRoom } from "./room_client.ts";
import type { ServerPorts } from "./whole_server.ts";

/** How many there are, and how often they get a push. */
export interface AudienceArgument {
  readonly ports: ServerPorts;
  readonly members: number;
  readonly perSecond: number;
}

/** What the audience has seen since it was last asked. */
export interface AudienceReport {
  readonly received: number;
  /** From the push over HTTP until a member had it, in milliseconds. */
  readonly p99Ms: number;
  readonly worstMs: number;
}

const ROOM = "bench://honest";
const BODY_BYTES = 100;
const members = new Members(ROOM);
let isPushing = false;

async function open({ ports, members: count, perSecond }: AudienceArgument): Promise<void> {
  await members.open(ports.tcp, count >> 1);
  await members.open(ports.ws, count - (count >> 1), true);
  isPushing = true;
  void push(ports.http, perSecond);
}

/** Pushes at a steady rate, whether or not the one before has been answered. */
async function push(port: number, perSecond: number): Promise<void> {
  const startMs = performance.now();
  for (let pushes = 1; isPushing; pushes++) {
    void pushToRoom(port, ROOM, timedBody(BODY_BYTES)).catch(() => {});
    await sleep(systemClock, Math.max(0, startMs + pushes * 1_000 / perSecond - performance.now()));
  }
}

/** Settles when so many more have come, or the time is over. */
function seen(): AudienceReport {
  const { latenciesMs } = members;
  members.latenciesMs = [];
  if (latenciesMs.length === 0) return { received: 0, p99Ms: 0, worstMs: 0 };
  const worstMs = latenciesMs.reduce((worst, ms) => Math.max(worst, ms));
  return { received: latenciesMs.length, p99Ms: percentile99(latenciesMs), worstMs };
}

function close(): void {
  isPushing = false;
  members.close();
}

serveCommands({ open, seen, close });
