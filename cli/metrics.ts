import { AggregatorRegistry, Counter, Gauge, Registry } from "prom-client";

/** A group of numbers that only grow, with what each of them counts. */
export interface CounterGroup<Name extends string> {
  /** What all their names begin with, such as `comet`. */
  readonly prefix: string;
  /** The numbers, or how to ask for them. */
  readonly values: Readonly<Record<Name, number>> | (() => Promise<Readonly<Record<Name, number>>>);
  readonly help: Readonly<Record<Name, string>>;
}

/** Metrics for Prometheus, read from the parts of the server when they are asked for. */
export class Metrics {
  readonly #registry = new Registry();

  /** @param others What other processes said by {@linkcode Metrics.numbers}, to be added. */
  constructor(private readonly others?: () => Promise<readonly object[]>) {}

  /** Shows a group of counters as `halley_{prefix}_{name}_total`. */
  addCounters<Name extends string>({ prefix, values, help }: CounterGroup<Name>): void {
    for (const name of Object.keys(help) as Name[]) {
      new Counter({
        name: `halley_${prefix}_${snakeCase(name)}_total`,
        help: help[name],
        registers: [this.#registry],
        async collect() {
          const now = typeof values === "function" ? await values() : values;
          this.reset();
          this.inc(now[name]);
        },
      });
    }
  }

  /** Shows a number that goes up and down as `halley_{name}`; NaN when it cannot be read. */
  addGauge(name: string, help: string, read: () => number | Promise<number>): void {
    new Gauge({
      name: `halley_${name}`,
      help,
      registers: [this.#registry],
      async collect() {
        try {
          this.set(await read());
        } catch {
          // What cannot be asked for now must not hide all the rest.
          this.set(NaN);
        }
      },
    });
  }

  /** Everything that is counted here, as JSON has it. */
  numbers(): Promise<object> {
    return this.#registry.getMetricsAsJSON();
  }

  /** Everything in Prometheus' text format. */
  async text(): Promise<string> {
    const [own, others] = await Promise.all([this.numbers(), this.others?.() ?? []]);
    return await AggregatorRegistry.aggregate([own, ...others]).metrics();
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
