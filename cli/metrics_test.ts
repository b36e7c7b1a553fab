import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "./metrics.ts";

test("Metrics.text() shows counters and gauges as they are when it is asked", async () => {
  const metrics = new Metrics();
  const values = { framesDropped: 0 };
  metrics.addCounters({ prefix: "comet", values, help: { framesDropped: "Frames lost." } });
  let connections = 1;
  metrics.addGauge("comet_connections", "Connections.", () => connections);
  await metrics.text();
  values.framesDropped = 7;
  connections = 3;
  assert.equal(
    (await metrics.text()).trim(),
    [
      "# HELP halley_comet_frames_dropped_total Frames lost.",
      "# TYPE halley_comet_frames_dropped_total counter",
      "halley_comet_frames_dropped_total 7",
      "",
      "# HELP halley_comet_connections Connections.",
      "# TYPE halley_comet_connections gauge",
      "halley_comet_connections 3",
    ].join("\n"),
  );
});
