import { redisRegistry } from "../../tests/support/registry_subjects.ts";
import { registryContract } from "../contract/registry_suite.ts";

registryContract(redisRegistry);
