import { platformContract } from "./contract_suite.ts";
import { selectPlatform } from "./select.ts";

const platform = await selectPlatform();
platformContract(platform.process.runtime, platform);
