import { Lane, type LaneDependencies } from "./lane.ts";

/** The lanes to all comets; one comes into being with the first push for its comet. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly parts: LaneDependencies) {}

  /** The lane to one comet, or undefined when it is not alive. */
  of(server: string): Lane | undefined {
    const comet = this.parts.comets.get(server);
    let lane = this.#lanes.get(server);
    if (lane !== undefined && !lane.ended && lane.comet === comet) return lane;
    lane?.end();
    this.#lanes.delete(server);
    if (comet === undefined) return undefined;
    lane = new Lane(server, comet, this.parts);
    this.#lanes.set(server, lane);
    return lane;
  }

  /** The lanes to all comets that are alive. */
  all(): Lane[] {
    const lanes: Lane[] = [];
    for (const server of this.parts.comets.servers()) {
      const lane = this.of(server);
      if (lane !== undefined) lanes.push(lane);
    }
    return lanes;
  }

  /** The lanes to the comets that may have members of a room. */
  forRoom(room: string): Lane[] {
    const { comets } = this.parts;
    const lanes: Lane[] = [];
    for (const server of comets.servers()) {
      const lane = comets.holds(server, room) ? this.of(server) : undefined;
      if (lane !== undefined) lanes.push(lane);
    }
    return lanes;
  }

  /** Looks after comets that left or stall; see {@linkcode Lane.check}. */
  check(): void {
    for (const [server, lane] of this.#lanes) {
      lane.check();
      if (lane.ended) this.#lanes.delete(server);
    }
  }

  /** What all lanes hold, in bytes. */
  get costBytes(): number {
    let bytes = 0;
    for (const lane of this.#lanes.values()) bytes += lane.costBytes;
    return bytes;
  }

  /** Settles when no lane holds anything. */
  async idle(): Promise<void> {
    for (const lane of this.#lanes.values()) await lane.idle();
  }

  /** Drops what the lanes hold; see {@linkcode Lane.abandon}. */
  abandon(): void {
    for (const lane of this.#lanes.values()) lane.abandon();
  }
}
