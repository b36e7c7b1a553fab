/** What a job counts; what each is, `jobHelp` of `cli/counter_help.ts` says. All only grow. */
export class JobCounters {
  delivered = 0;
  probes = 0;
  shed = 0;
  missedRooms = 0;
  missedRoomsOverflows = 0;
  gone = 0;
  batches = 0;
  batchItems = 0;
  retries = 0;
  fenced = 0;
  leases = 0;
  leasesLost = 0;
  logFailures = 0;
}
