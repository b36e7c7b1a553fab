import type { Clock, TimerHandle } from "../base/clock.ts";

/** What the log of a process counts; all only grow. */
export class LogCounters {
  /** Lines lost because nobody took them. */
  linesDropped = 0;
  /** Lines left out because many of their kind came at a time. */
  linesLeftOut = 0;
}

/** What the log of this process counts, for there is one log in a process. */
export const logCounters = new LogCounters();

/** Bytes of lines that may wait for a reader; the newest are dropped. */
export const outputBytesMax = 1024 * 1024;

/**
 * Most bytes of one write, longer lines aside. A pipe takes so many at once or none (PIPE_BUF), so
 * that the lines of processes that share one do not run into each other.
 */
const writeBytesMax = 4096;

/** Wait after a write that failed, in milliseconds. */
const retryMs = 100;

/**
 * What would end a line, move a terminal's cursor or turn text around: control characters (C0 and
 * C1), formatting ones (such as those for text from right to left), and separators of lines.
 */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Writes a text so that it is one line, and harmless to a terminal, whatever a peer put into it. */
export function printable(text: string): string {
  return text.replace(
    unprintable,
    (char) =>
      char.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join(
        "",
      ),
  );
}

/** What a {@linkcode LineOutput} depends on. */
export interface LineOutputDependencies {
  /**
   * Writes without blocking.
   *
   * @returns How many bytes were written, once they are.
   */
  readonly write: (bytes: Uint8Array) => Promise<number>;
  readonly clock: Clock;
  readonly counters: Pick<LogCounters, "linesDropped">;
  /** Writes the line that says how many lines were dropped. */
  readonly dropped: (count: number) => string;
}

/**
 * Lines to a pipe, a file or a terminal that may be slow, full, stuck or gone: they wait in a queue
 * of {@linkcode outputBytesMax}, and the newest are dropped when it is full. Once half of it is
 * free, a line says how many. A write that fails is tried again for as long as the process runs,
 * since a disk has room again one day and a pipe another reader.
 */
export class LineOutput {
  readonly #encoder = new TextEncoder();
  /** Lines that wait, oldest first. */
  #lines: Uint8Array[] = [];
  #bytes = 0;
  #writing = false;
  /** Lines dropped since the queue was full. */
  #dropped = 0;
  #flushed: (() => void)[] = [];

  constructor(private readonly parts: LineOutputDependencies) {}

  /** Bytes that wait. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Writes a line, without its end, as soon as those before it are written. */
  line(text: string): void {
    const line = this.#encoder.encode(`${printable(text)}\n`);
    // Anything fits an empty queue.
    const fits = this.#bytes === 0 || this.#bytes + line.length <= outputBytesMax;
    if (this.#dropped > 0 || !fits) {
      this.#dropped++;
      this.parts.counters.linesDropped++;
      return;
    }
    this.#add(line);
  }

  /**
   * Settles when every line is written, or when nobody took them in time.
   *
   * @param deadlineMs How long to wait, in milliseconds.
   */
  async flush(deadlineMs: number): Promise<void> {
    if (!this.#writing) return;
    let timer: TimerHandle;
    await new Promise<void>((resolve) => {
      this.#flushed.push(resolve);
      timer = this.parts.clock.setTimeout(resolve, deadlineMs);
    });
    this.parts.clock.cancel(timer);
  }

  #add(line: Uint8Array): void {
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#writing) return;
    this.#writing = true;
    this.#writeNext();
  }

  #writeNext(): void {
    this.#write(this.#take());
  }

  /** Whole lines for one write; they count as waiting until they are written. */
  #take(): Uint8Array {
    let length = this.#lines[0].length;
    let count = 1;
    while (count < this.#lines.length && length + this.#lines[count].length <= writeBytesMax) {
      length += this.#lines[count++].length;
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const line of this.#lines.splice(0, count)) {
      bytes.set(line, at);
      at += line.length;
    }
    return bytes;
  }

  #write(bytes: Uint8Array): void {
    this.parts.write(bytes).then(
      (count) => this.#written(bytes, count),
      () => this.parts.clock.setTimeout(() => this.#write(bytes), retryMs),
    );
  }

  #written(bytes: Uint8Array, count: number): void {
    this.#bytes -= count;
    if (count < bytes.length) return this.#write(bytes.subarray(count));
    if (this.#dropped > 0 && this.#bytes <= outputBytesMax / 2) {
      const line = this.parts.dropped(this.#dropped);
      this.#dropped = 0;
      this.line(line);
    }
    if (this.#lines.length > 0) return this.#writeNext();
    this.#writing = false;
    for (const resolve of this.#flushed.splice(0)) resolve();
  }
}
