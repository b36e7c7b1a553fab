import { after, before, describe } from "node:test";
import { nodesContract } from "./nodes_suite.ts";
import type { RegistrySubject } from "./registry_subject.ts";
import { sessionLimitsContract } from "./session_limits_suite.ts";
import { sessionsContract } from "./sessions_suite.ts";

/** Registers what sessions and nodes of every driver must do. */
export function registryContract(subject: RegistrySubject): void {
  describe(`registry on ${subject.name}`, () => {
    before(() => subject.start(), { timeout: 60_000 });
    after(() => subject.stop());
    nodesContract(subject);
    sessionsContract(subject);
    sessionLimitsContract(subject);
  });
}
