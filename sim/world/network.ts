import { type Prng, randomFloat } from "../../base/prng.ts";

/** How long anything is under way while nothing is wrong, in milliseconds. */
const USUAL_MS = 1.5;

/** One that sends and gets. */
interface Named {
  readonly name: string;
}

/** How long things are under way between the hosts of a world. */
export class Network {
  /** Hosts whose traffic takes long, and how long at most, in milliseconds. */
  readonly #slow = new Map<string, number>();

  constructor(private readonly prng: Prng) {}

  /** How long the next thing takes, in milliseconds. */
  latencyMs({ name }: Named): number {
    return 0.05 + randomFloat(this.prng) * (this.#slow.get(name) ?? USUAL_MS);
  }

  slowDown({ name }: Named, mostMs: number): void {
    this.#slow.set(name, mostMs);
  }

  /** Everything takes as long as usual again. */
  heal(): void {
    this.#slow.clear();
  }
}
