import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { used, waitMs } from "../../base/rate.ts";
import {
  type Admission,
  type AdmissionRules,
  type Blocked,
  blockedText,
  type ClientMessage,
  type Moderation,
} from "../moderation.ts";
import { PUBLISH_ID_MS } from "../push_log.ts";
import type { StoreCounters } from "../store.ts";
import type { EndTimes } from "./end_times.ts";
import { ExpiringMap } from "./expiring_map.ts";

/** Most senders, pauses, texts and ids, of each, that are known at once. */
const KNOWN_MAX = 500_000;

/** Longest key of one of these, in characters. */
const KEY_CHARS_MAX = 100;

/** Who is muted where. */
export interface Mutes {
  /** Until when a mid is muted in a room, by either kind of mute, in wall time; 0 when it is not. */
  endMs(mid: bigint, room: string): number;
  /** @throws {ModerationFull} When it cannot be kept. */
  set(mid: bigint, room: string, endMs: number): void;
  /** @returns Whether there was one whose time was not over. */
  delete(mid: bigint, room: string): boolean;
}

/** Under what is known of a message, and of its sender; the first two where the rules ask for them. */
interface Keys {
  readonly text: string;
  readonly pause: string;
  readonly rate: string;
}

/** Moderation in this process; where mutes and blocks are kept is open. */
export class LocalModeration implements Moderation {
  /** Of each sender: up to when its rate is used. */
  readonly #used: ExpiringMap<number>;
  /** Of senders in rooms: the end of the pause. */
  readonly #pauses: ExpiringMap<number>;
  /** Of what was said: the end of the window. */
  readonly #texts: ExpiringMap<number>;
  /** Of messages that were admitted. */
  readonly #ids: ExpiringMap<true>;

  constructor(
    private readonly clock: Pick<Clock, "monotonicMs" | "wallMs">,
    counters: Pick<StoreCounters, "sendersDropped">,
    private readonly mutes: Mutes,
    /** By {@linkcode blockedText}. */
    private readonly blocks: EndTimes,
    knownMax: number = KNOWN_MAX,
  ) {
    const known = <Value>() => new ExpiringMap<Value>(knownMax, () => counters.sendersDropped++);
    this.#used = known();
    this.#pauses = known();
    this.#texts = known();
    this.#ids = known();
  }

  async admit(message: ClientMessage, rules: AdmissionRules): Promise<Admission> {
    const { sender, room, digest, publishId } = message;
    if (sender.startsWith("m")) {
      const mutedMs = this.mutes.endMs(BigInt(sender.slice(1)), room) - this.clock.wallMs();
      if (mutedMs > 0) return refused("muted", mutedMs);
    }
    const nowMs = this.clock.monotonicMs();
    const id = publishId === undefined ? undefined : keyOf(sender, room, publishId);
    if (id !== undefined && this.#ids.get(id, nowMs)) return { admitted: true };
    const { duplicateWindowMs, slowModeMs } = rules;
    const text = duplicateWindowMs > 0 ? keyOf(sender, room, digest) : "";
    const pause = slowModeMs > 0 ? keyOf(sender, room) : "";
    const rate = keyOf(sender);
    const refusal = this.#refusal({ text, pause, rate }, rules, nowMs);
    if (refusal !== undefined) return refusal;
    this.#count({ text, pause, rate }, rules, nowMs);
    if (id !== undefined) this.#ids.set(id, true, nowMs + PUBLISH_ID_MS, nowMs);
    return { admitted: true };
  }

  async mute(mid: bigint, room: string, forMs: number): Promise<void> {
    this.mutes.set(mid, room, this.clock.wallMs() + forMs);
  }

  async unmute(mid: bigint, room: string): Promise<boolean> {
    return this.mutes.delete(mid, room);
  }

  async block(who: Blocked, forMs: number): Promise<void> {
    this.blocks.set(blockedText(who), this.clock.wallMs() + forMs);
  }

  async unblock(who: Blocked): Promise<boolean> {
    return this.blocks.delete(blockedText(who));
  }

  async blockedMs(mid: bigint, key: string): Promise<number> {
    const { blocks } = this;
    const endMs = Math.max(
      blocks.endMs(blockedText({ mid })),
      blocks.endMs(blockedText({ key })),
    );
    return endMs === 0 ? 0 : Math.max(0, endMs - this.clock.wallMs());
  }

  #refusal(
    { text, pause, rate }: Keys,
    { perSecondMax, burst, slowModeMs, duplicateWindowMs }: AdmissionRules,
    nowMs: number,
  ): Admission | undefined {
    if (duplicateWindowMs > 0) {
      const endMs = this.#texts.get(text, nowMs);
      if (endMs !== undefined) return refused("duplicate", endMs - nowMs);
    }
    if (slowModeMs > 0) {
      const endMs = this.#pauses.get(pause, nowMs);
      if (endMs !== undefined) return refused("slow-mode", endMs - nowMs);
    }
    const usedUntilMs = this.#used.get(rate, nowMs) ?? 0;
    const retryMs = waitMs({ perSecond: perSecondMax, burst }, usedUntilMs, nowMs);
    return retryMs > 0 ? refused("rate", retryMs) : undefined;
  }

  #count(
    { text, pause, rate }: Keys,
    { perSecondMax, burst, slowModeMs, duplicateWindowMs }: AdmissionRules,
    nowMs: number,
  ): void {
    const set = (map: ExpiringMap<number>, key: string, endMs: number) =>
      map.set(key, endMs, endMs, nowMs);
    if (duplicateWindowMs > 0) set(this.#texts, text, nowMs + duplicateWindowMs);
    if (slowModeMs > 0) set(this.#pauses, pause, nowMs + slowModeMs);
    if (perSecondMax > 0) {
      const usedUntilMs = this.#used.get(rate, nowMs) ?? 0;
      set(this.#used, rate, used({ perSecond: perSecondMax, burst }, usedUntilMs, nowMs));
    }
  }
}

/** Short, however long the names are that clients choose: there may be very many. */
function keyOf(...names: readonly string[]): string {
  const key = JSON.stringify(names);
  if (key.length <= KEY_CHARS_MAX) return key;
  return createHash("sha256").update(key).digest("base64url");
}

function refused(
  reason: Extract<Admission, { admitted: false }>["reason"],
  waitMs: number,
): Admission {
  return { admitted: false, reason, retryMs: Math.ceil(waitMs) };
}
