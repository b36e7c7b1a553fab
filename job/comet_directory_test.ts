import assert from "node:assert/strict";
import { test } from "node:test";
import { StaticCometDirectory } from "./comet_directory.ts";
import { FakeComet } from "../tests/support/job_fakes.ts";

test("StaticCometDirectory lists whom it was given and forgets whom it is told to", () => {
  const comets = new StaticCometDirectory();
  const [a, b, newA] = [new FakeComet(), new FakeComet(), new FakeComet()];
  comets.add("a", a);
  comets.add("b", b);
  assert.deepEqual([...comets.servers()], ["a", "b"]);
  comets.add("a", newA);
  assert.equal(comets.get("a"), newA);
  comets.remove("a");
  comets.remove("a");
  assert.equal(comets.get("a"), undefined);
  assert.deepEqual([...comets.servers()], ["b"]);
});
