/** A child process that is an honest audience: members of rooms that get pushes all the time. */
import { sleep } from "../base/clock.ts";
import { systemClock } from "../platform/system_clock.ts";
import { serveCommands } from "./child.ts";
import { percentile99 } from "./measure.ts";
import { Members, timedBody } from "./members.ts";
import { pushToRoom } from "./room_client.ts";
import type { ServerPorts } from "./whole_server.ts";

/** How many there are in all, in how many rooms, and how many pushes all of these get together. */
export interface AudienceArgument {
  readonly ports: ServerPorts;
  readonly members: number;
  readonly rooms: number;
  readonly perSecond: number;
}

/** What the audience has seen since it was last asked. */
export interface AudienceReport {
  readonly received: number;
  /** From the push over HTTP until a member had it, in milliseconds. */
  readonly p99Ms: number;
  readonly worstMs: number;
}

const BODY_BYTES = 100;
let audience: Members[] = [];
let isPushing = false;

function roomKey(room: number): string {
  return `bench://honest-${room}`;
}

async function open({ ports, members, rooms, perSecond }: AudienceArgument): Promise<void> {
  audience = Array.from({ length: rooms }, (_, room) => new Members(roomKey(room)));
  const perTransport = Math.ceil(members / rooms / 2);
  for (const room of audience) {
    await room.open(ports.tcp, perTransport);
    await room.open(ports.ws, perTransport, true);
  }
  isPushing = true;
  void push(ports.http, perSecond);
}

/** Pushes to a room after the other, at a steady rate, answered or not. */
async function push(port: number, perSecond: number): Promise<void> {
  const startMs = performance.now();
  for (let pushes = 1; isPushing; pushes++) {
    const room = roomKey(pushes % audience.length);
    void pushToRoom(port, room, timedBody(BODY_BYTES)).catch(() => {});
    await sleep(systemClock, Math.max(0, startMs + pushes * 1_000 / perSecond - performance.now()));
  }
}

function seen(): AudienceReport {
  const latenciesMs = audience.flatMap((room) => room.latenciesMs);
  for (const room of audience) room.latenciesMs = [];
  if (latenciesMs.length === 0) return { received: 0, p99Ms: 0, worstMs: 0 };
  const worstMs = latenciesMs.reduce((worst, ms) => Math.max(worst, ms));
  return { received: latenciesMs.length, p99Ms: percentile99(latenciesMs), worstMs };
}

function close(): void {
  isPushing = false;
  for (const room of audience) room.close();
}

serveCommands({ open, seen, close });
