import type { AdmissionRules, ClientMessage, Moderation } from "../ports.ts";

/** A driver whose moderation is to be tested. */
export interface ModerationSubject {
  readonly name: string;
  /** Starts what all tests share. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Opens it twice, as two processes do; where there is one process, it is the same. What is in it
   * may be left from before.
   */
  open(): Promise<readonly [Moderation, Moderation]>;
  /** Lets time pass. */
  passTime(ms: number): Promise<void>;
  /** Whether time passes by {@linkcode passTime} alone. */
  readonly ownsTime: boolean;
}

/** Rules that hold a message to nothing. */
export const anything: AdmissionRules = {
  perSecondMax: 0,
  burst: 1,
  slowModeMs: 0,
  duplicateWindowMs: 0,
};

/** So long that no test sees the end, in milliseconds. */
export const LONG_MS = 3_600_000;

/** A few messages at once, and the next after a time that no test waits for. */
export function fewAtOnce(burst: number): AdmissionRules {
  return { ...anything, perSecondMax: 1_000 / LONG_MS, burst };
}

let tests = 0;

/** What one test works on. Its mids and rooms are its own, since others may be left in the store. */
export class ModerationTest {
  readonly #own = ++tests;

  constructor(readonly moderation: Moderation, readonly other: Moderation) {}

  /** A mid of this test's own. */
  mid(mid = 1): bigint {
    return BigInt(this.#own) * 1_000n + BigInt(mid);
  }

  /** The sender that a mid is. */
  sender(mid = 1): string {
    return `m${this.mid(mid)}`;
  }

  /** A room of this test's own. */
  room(name = "1"): string {
    return `live://${this.#own}/${name}`;
  }

  message(digest: string, changes: Partial<ClientMessage> = {}): ClientMessage {
    return { sender: this.sender(), room: this.room(), digest, ...changes };
  }

  /** What becomes of a message: `admitted`, or why not. */
  async outcome(
    message: ClientMessage,
    rules: AdmissionRules = anything,
    by: Moderation = this.moderation,
  ): Promise<string> {
    const admission = await by.admit(message, rules);
    return admission.admitted ? "admitted" : admission.reason;
  }

  /** What becomes of messages, one after the other. */
  async outcomes(
    messages: readonly ClientMessage[],
    rules: AdmissionRules = anything,
  ): Promise<string[]> {
    const all: string[] = [];
    for (const message of messages) all.push(await this.outcome(message, rules));
    return all;
  }

  /** After how many milliseconds a message that is refused now may be said; 0 when it is admitted. */
  async retryMs(message: ClientMessage, rules: AdmissionRules = anything): Promise<number> {
    const admission = await this.moderation.admit(message, rules);
    return admission.admitted ? 0 : admission.retryMs;
  }

  /** How many of some messages that are sent at once, half by each process, are admitted. */
  async admittedAtOnce(
    messages: readonly ClientMessage[],
    rules: AdmissionRules,
  ): Promise<number> {
    const all = await Promise.all(
      messages.map((message, index) =>
        this.outcome(message, rules, index % 2 ? this.moderation : this.other)
      ),
    );
    return all.filter((outcome) => outcome === "admitted").length;
  }
}

/** Registers a test on moderation that is opened as two processes do. */
export type RegisterModerationTest = (
  name: string,
  body: (test: ModerationTest) => Promise<void>,
) => void;
