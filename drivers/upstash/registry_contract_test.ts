import { plainUpstashRegistry, upstashRegistry } from "../../tests/support/registry_subjects.ts";
import { registryContract } from "../contract/registry_suite.ts";

registryContract(upstashRegistry);
registryContract(plainUpstashRegistry);
