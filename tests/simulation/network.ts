import { type Prng, randomFloat } from "../../base/prng.ts";

/** How long anything is under way while nothing is wrong, in milliseconds. */
const USUAL_MS = 1.5;

/** Which share of the links is slower than the others, and by how much, in milliseconds. */
const SLOW_LINKS = 0.25;
const SLOW_LINK_MS_MIN = 20;
const SLOW_LINK_MS = 400;

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

  /** How long everything takes on a link, in milliseconds; undefined for one like the others. */
  linkMs(): number | undefined {
    if (randomFloat(this.prng) > SLOW_LINKS) return undefined;
    return SLOW_LINK_MS_MIN + randomFloat(this.prng) * SLOW_LINK_MS;
  }

  slowDown({ name }: Named, mostMs: number): void {
    this.#slow.set(name, mostMs);
  }

  /** Everything takes as long as usual again. */
  heal(): void {
    this.#slow.clear();
  }
}
