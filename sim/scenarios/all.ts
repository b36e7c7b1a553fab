import type { ScenarioName } from "../options.ts";
import { capacity } from "./capacity.ts";
import { churn } from "./churn.ts";
import { fanout } from "./fanout.ts";
import { heartbeat } from "./heartbeat.ts";
import { mixed } from "./mixed.ts";
import type { Scenario } from "./scenario.ts";
import { slow } from "./slow.ts";
import { storm } from "./storm.ts";

/** Every scenario by its name. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  fanout,
  heartbeat,
  churn,
  slow,
  storm,
  capacity,
  mixed,
};
