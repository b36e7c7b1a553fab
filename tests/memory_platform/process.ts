import type { Child, Process, Signal } from "../../platform/port.ts";

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
  readonly #callbacks: (readonly [signal: Signal, callback: () => void])[] = [];

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

  /** Always. */
  mayConnect(_host: string): boolean {
    return true;
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

  onSignal(signal: Signal, callback: () => void): void {
    this.#callbacks.push([signal, callback]);
  }

  /** Nobody reads it. */
  async write(_to: "stdout" | "stderr", bytes: Uint8Array): Promise<number> {
    return bytes.length;
  }

  /** Sends the process a signal. */
  signal(name: Signal): void {
    for (const [signal, callback] of this.#callbacks) if (signal === name) callback();
  }

  /** @throws {ProcessExit} Always. */
  exit(code: number): never {
    throw new ProcessExit(code);
  }
}
