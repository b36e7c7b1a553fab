/** What a way to a store counts; read by `/metrics`. All only grow. */
export class StoreCounters {
  /** Calls that were not carried out, or not answered, since the store was away. */
  interruptions = 0;
  /** Calls that the store refused since it was full or took no writes. */
  refusals = 0;
  /** How often the store was found to have lost who is connected. */
  losses = 0;
  /** Pushes that were left out since what the store has of them is none. */
  pushesUnreadable = 0;
}
