import type { Stage } from "../stage.ts";

/** What is done once all clients are in. */
export interface Scenario {
  /** Clients that are let in before it begins; all where nothing is said. */
  readonly clientsAtFirst?: (clients: number) => number;
  /** Does it; pushes run when it wants them to, and are stopped afterwards. */
  run(stage: Stage): Promise<void>;
}
