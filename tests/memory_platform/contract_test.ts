import { systemClock } from "../../platform/system_clock.ts";
import { platformContract } from "../../platform/contract_suite.ts";
import { memoryPlatform } from "./mod.ts";

const platform = memoryPlatform({ clock: systemClock });
platformContract("memory", platform);
