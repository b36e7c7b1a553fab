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
  /** Pushes refused by a comet that has heard from a later owner of their partition. */
  fenced = 0;
  /** Leases of partitions that were taken. */
  leases = 0;
  /** Leases that ran out or went to another job before they were given up. */
  leasesLost = 0;
  /** Calls to the push log that failed. */
  logFailures = 0;
}
