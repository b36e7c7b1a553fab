/** What a job counts; read by `/metrics` and by tests. All only grow. */
export class JobCounters {
  /** Pushes that comets acknowledged, one per comet. */
  delivered = 0;
  /** Pushes dropped because the comet was slow, one per comet. */
  shed = 0;
  /** Pushes given up because the comet was gone, one per comet. */
  gone = 0;
  /** Batches that comets acknowledged. */
  batches = 0;
  /** Deliveries in those batches; pushes to one room that left together are one. */
  batchItems = 0;
  /** Batches sent once more because the comet failed to take them. */
  retries = 0;
  /** Calls to the push log that failed. */
  logFailures = 0;
}
