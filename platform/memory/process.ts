import type { Child, Process, StopSignal } from "../port.ts";

/** What a simulated process is started with. */
export interface MemoryProcessOptions {
  /** None when absent. */
  readonly args?: readonly string[];
  /** Empty when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** No limit when absent. */
  readonly openFilesMax?: number;
}

/** Thrown by `exit` of a simulated process. */
export class ProcessExit extends Error {
  override readonly name = "ProcessExit";

  constructor(readonly code: number) {
    super(`The process exits with ${code}`);
  }
}

/** A process within the process. */
export class MemoryProcess implements Process {
  readonly runtime = "memory";
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly #openFilesMax: number | undefined;
  readonly #callbacks: ((signal: StopSignal) => void)[] = [];

  constructor(options: MemoryProcessOptions) {
    this.args = options.args ?? [];
    this.env = options.env ?? {};
    this.#openFilesMax = options.openFilesMax;
  }

  hostname(): string {
    return "memory";
  }

  openFilesMax(): number | undefined {
    return this.#openFilesMax;
  }

  /** Always 1. */
  cpuCount(): number {
    return 1;
  }

  /** @throws {Error} Always: there is one process. */
  spawn(): Child {
    throw new Error("Cannot start a process: a simulated one has no others");
  }

  /** Always 0: it has no memory of its own. */
  memoryBytes(): number {
    return 0;
  }

  onStop(callback: (signal: StopSignal) => void): void {
    this.#callbacks.push(callback);
  }

  /** Sends the process a signal. */
  stop(signal: StopSignal): void {
    for (const callback of this.#callbacks) callback(signal);
  }

  /** @throws {ProcessExit} Always. */
  exit(code: number): never {
    throw new ProcessExit(code);
  }
}
