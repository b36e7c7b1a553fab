import { systemClock } from "../system_clock.ts";
import { platformContract } from "../contract_suite.ts";
import { memoryPlatform } from "./mod.ts";

const platform = memoryPlatform({ clock: systemClock });
platformContract("memory", platform);
