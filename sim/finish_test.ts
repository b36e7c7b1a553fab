import assert from "node:assert/strict";
import { test } from "node:test";
import { simReport } from "../tests/support/sim_report.ts";
import { busyClients } from "./finish.ts";

const [sample] = simReport().samples;

test("busyClients() says when clients took all that their processes can, while pushes came", () => {
  const at = (clientCores: number, receivedPerS: number) => ({
    ...sample,
    clientCores,
    receivedPerS,
  });
  assert.equal(busyClients([at(0.9, 100), at(1.9, 0)], 1), undefined);
  assert.equal(busyClients([at(1.8, 100)], 2), undefined);
  assert.match(busyClients([at(0.5, 1), at(1.02, 100)], 1)!, /^for 1 of 2 samples/);
});
