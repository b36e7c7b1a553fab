import { fnv1a } from "../../base/fnv.ts";
import { type Prng, uuid } from "../../base/prng.ts";
import {
  type Admission,
  type AdmissionRules,
  type Blocked,
  blockedText,
  type ClientMessage,
  type Moderation,
  PUBLISH_ID_MS,
} from "../ports.ts";
import { ONCE_MS } from "./append_script.ts";
import { partsOf, type RedisStore, type Script, textOf } from "./store.ts";

/** Over how many hash slots senders spread; all keys of one are in one slot. */
const SENDER_SLOTS = 64;

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000`;

/**
 * KEYS: mute everywhere, mute in the room, the sender's text, pause and rate; then, if anywhere, where
 * it stands that the message was admitted. ARGV: for how long a text and a pause last, from one message
 * to the next at the sender's rate, how many may come at once, for how long it stands that the message
 * was admitted; all in milliseconds, or 0. Answers nothing, or why not and for how long.
 *
 * A mute says until when; each other key since when and for how long, so that a clock that is set back
 * ends it, and rules that are changed count at once.
 */
const ADMIT: Script = {
  name: "admit-message",
  needsRoom: true,
  source: `${NOW}
local text_ms, pause_ms, step_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local burst_ms, said_ms = step_ms * ARGV[4], tonumber(ARGV[5])
local function rest_of(key, ms)
  local since, kept_ms = string.match(redis.call('GET', key) or '', '^(%S+) (%S+)$')
  if not since or since - now > 1 then return 0 end
  return math.max(0, since - now + (ms or kept_ms))
end
local function keep(key, ms)
  redis.call('SET', key, string.format('%.3f %.3f', now, ms), 'PX', math.ceil(ms))
end
local function refused(reason, ms) return {reason, math.ceil(ms)} end

local muted_to = math.max(redis.call('GET', KEYS[1]) or 0, redis.call('GET', KEYS[2]) or 0)
if muted_to > now then return refused('muted', muted_to - now) end
if KEYS[6] and rest_of(KEYS[6], said_ms) > 0 then return {} end
local text_rest = text_ms > 0 and rest_of(KEYS[3], text_ms) or 0
if text_rest > 0 then return refused('duplicate', text_rest) end
local pause_rest = pause_ms > 0 and rest_of(KEYS[4], pause_ms) or 0
if pause_rest > 0 then return refused('slow-mode', pause_rest) end
if step_ms > 0 then
  local used_ms = math.min(rest_of(KEYS[5]), burst_ms) + step_ms
  -- What is kept is rounded to a thousandth.
  if used_ms > burst_ms + 0.01 then return refused('rate', used_ms - burst_ms) end
  keep(KEYS[5], used_ms)
end
if text_ms > 0 then keep(KEYS[3], text_ms) end
if pause_ms > 0 then keep(KEYS[4], pause_ms) end
if KEYS[6] then keep(KEYS[6], said_ms) end
return {}`,
};

/** KEYS: mute or block. ARGV: for how long, in milliseconds. */
const SET_END: Script = {
  name: "set-end",
  needsRoom: true,
  source: `${NOW}
redis.call('SET', KEYS[1], string.format('%.3f', now + ARGV[1]), 'PX', ARGV[1])
return 1`,
};

/** KEYS: mute or block. Answers whether there was one. */
const DELETE_END: Script = {
  name: "delete-end",
  source: `${NOW}
local end_ms = tonumber(redis.call('GET', KEYS[1]) or 0)
redis.call('DEL', KEYS[1])
return end_ms > now and 1 or 0`,
};

/** KEYS: block of the mid, block of the key. Answers for how long there is one yet. */
const BLOCKED: Script = {
  name: "look-up-block",
  source: `${NOW}
local end_ms = math.max(redis.call('GET', KEYS[1]) or 0, redis.call('GET', KEYS[2]) or 0)
return math.max(0, math.ceil(end_ms - now))`,
};

/** Who may say something now, in Redis and by its clock. Whatever it keeps of a sender expires. */
export class RedisModeration implements Moderation {
  /** @param prng Where names of calls come from that may be sent twice. */
  constructor(private readonly store: RedisStore, private readonly prng: Prng) {}

  async admit(message: ClientMessage, rules: AdmissionRules): Promise<Admission> {
    const { sender, room, digest, publishId } = message;
    const keys = [
      keyOf("mute", sender, ""),
      keyOf("mute", sender, room),
      keyOf("text", sender, room, digest),
      keyOf("pause", sender, room),
      keyOf("rate", sender),
    ];
    // What was admitted must not be refused as its own duplicate when the call is sent twice.
    if (publishId !== undefined) keys.push(keyOf("said", sender, room, publishId));
    else if (this.store.mayRepeat) keys.push(keyOf("once", sender, uuid(this.prng)));
    const { duplicateWindowMs, slowModeMs, perSecondMax, burst } = rules;
    const stepMs = perSecondMax === 0 ? 0 : 1_000 / perSecondMax;
    const saidMs = publishId === undefined ? ONCE_MS : PUBLISH_ID_MS;
    const args = [duplicateWindowMs, slowModeMs, stepMs, burst, saidMs].map(String);
    const [reason, retryMs] = partsOf(await this.store.run(ADMIT, keys, args));
    if (reason === undefined) return { admitted: true };
    return {
      admitted: false,
      reason: textOf(reason) as Exclude<Admission, { readonly admitted: true }>["reason"],
      retryMs: Number(retryMs),
    };
  }

  async mute(mid: bigint, room: string, forMs: number): Promise<void> {
    await this.store.run(SET_END, [keyOf("mute", `m${mid}`, room)], [String(forMs)]);
  }

  async unmute(mid: bigint, room: string): Promise<boolean> {
    return await this.store.run(DELETE_END, [keyOf("mute", `m${mid}`, room)], []) === 1;
  }

  async block(who: Blocked, forMs: number): Promise<void> {
    await this.store.run(SET_END, [blockKey(who)], [String(forMs)]);
  }

  async unblock(who: Blocked): Promise<boolean> {
    return await this.store.run(DELETE_END, [blockKey(who)], []) === 1;
  }

  async blockedMs(mid: bigint, key: string): Promise<number> {
    return Number(await this.store.run(BLOCKED, [blockKey({ mid }), blockKey({ key })], []));
  }
}

/** All blocks are in one slot: a mid and a key are looked up by one call for each client. */
function blockKey(who: Blocked): string {
  return `halley:{blocks}:${JSON.stringify(blockedText(who))}`;
}

/** A key of a sender; written as JSON, no two are the same and lone surrogates have UTF-8. */
function keyOf(what: string, sender: string, ...which: readonly string[]): string {
  const names = JSON.stringify([sender, ...which]).slice(1, -1);
  return `halley:{s${fnv1a(sender) % SENDER_SLOTS}}:${what}:${names}`;
}
