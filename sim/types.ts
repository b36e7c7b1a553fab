import type { MessageTotals } from "./show/types.ts";

/** Over which transport a virtual client speaks. */
export type Transport = "tcp" | "ws";

/** Which clients keep their places in the logs of rooms, and in how many rooms each is. */
export interface LogPlan {
  /** Share of them, by their indexes; the others are goim's. */
  readonly share: number;
  /** Rooms of each: its own, and those after it by operation 64. */
  readonly roomsEach: number;
}

/** Which clients a process connects, and how. */
export interface ConnectPlan {
  /** Index of the first client; each client's mid and key are made of its index. */
  readonly first: number;
  readonly clients: number;
  /** Where each client connects, in turn: `tcp://host:port` or `ws://host:port`. */
  readonly targets: readonly string[];
  /** How many rooms the clients are spread over, by index modulo this. */
  readonly rooms: number;
  /** New connections per second, in this process. */
  readonly rampPerS: number;
  /** Whether no push was sent yet: then every client is to get all of its room's. */
  readonly exact: boolean;
  /** How often each client sends a heartbeat, in milliseconds, spread over the period. */
  readonly heartbeatMs: number;
  /** Undefined where all clients are goim's. */
  readonly logs?: LogPlan;
  /**
   * Whether clients go where the server sends them, as those of the client library do, and come back
   * by themselves when it closes them.
   */
  readonly follows?: boolean;
  /** Keys of the rooms, where they have others than `sim://` and their index. */
  readonly roomKeys?: readonly string[];
}

/** What clients have done so far, counted. */
export interface ClientCounts {
  /** Tries to connect beyond each client's first. */
  readonly retries: number;
  /** Times that the server turned a client away and said when to come back. */
  readonly turnedAway: number;
  /** Connections that the server closed though their client had done nothing wrong. */
  readonly lostConnections: number;
  /** Connections that were closed since their client had not read. */
  readonly slowClosed: number;
  readonly received: number;
  readonly heartbeatsSent: number;
  readonly heartbeatsMissed: number;
  /** Changes of rooms that were asked for, and those that were not answered in time. */
  readonly moves: number;
  readonly movesMissed: number;
  /** Clients that were sent elsewhere and are in there. */
  readonly handovers: number;
  /** Connections that the server closed since it goes (1001), whose clients come back. */
  readonly sentBack: number;
  /** Messages of clients that the server has taken, and those that it has refused. */
  readonly published: number;
  readonly refused: number;
}

/** How the clients of a process get on. */
export interface FleetProgress extends ClientCounts {
  readonly authenticated: number;
  /** The longest stall of the process: what is late then may be its own doing. */
  readonly stallMs: number;
  /** Latencies of the receipts since the last time, as counts by bucket of the histogram. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
  /** The first few failures and the last, in words. */
  readonly failures: readonly string[];
  readonly cpuS: number;
}

/** How clients that were cut off get on. */
export interface RecoveryProgress {
  /** Clients that are in all their rooms and have what they missed. */
  readonly live: number;
  /** How long it took each that was cut off, as counts by bucket of the histogram. */
  readonly times: FleetProgress["latencies"];
}

/** What the pushes of one room came to: numbered from 1, each in one order. */
export interface RoomPushes {
  readonly room: number;
  /** The last number that was sent. */
  readonly last: number;
  /** Numbers that were not answered with code 0: they may come once or not at all. */
  readonly failed: readonly number[];
  /** When each was sent, from number 1 on, in milliseconds since the Unix epoch. */
  readonly sentMs: readonly number[];
  /** When each was answered. */
  readonly answeredMs: readonly number[];
}

/** Pushes of a room, and where they stand in the room's log. */
export interface LoggedPushes extends RoomPushes {
  /** The offset of each, from number 1 on, by the answers; 0 where they do not say. */
  readonly offsets: readonly number[];
  /** Epochs of these offsets: each is that of the pushes from a number on. */
  readonly epochs: readonly { readonly from: number; readonly epoch: string }[];
}

/** What the receipts of clients say, added up. */
export interface ReceiptTotals {
  readonly expected: number;
  readonly received: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly misdelivered: number;
  /** The first few failures, in words: which client, which room, which number. */
  readonly failures: readonly string[];
}

/** What the cursors of clients in the logs of their rooms say, added up. */
export interface CursorTotals {
  readonly received: number;
  /** Messages that are missing without a word. */
  readonly lost: number;
  readonly doubled: number;
  /** Things that a server must not say. */
  readonly wrong: number;
  /** Gaps that were told of, and how many messages were in them. */
  readonly gaps: number;
  readonly told: number;
  /** How often a client was told that the log of its room is another one. */
  readonly epochs: number;
  /** Joins that asked for what was missed, and those that were promised all of it. */
  readonly returned: number;
  readonly recovered: number;
  /** The first few failures, in words. */
  readonly failures: readonly string[];
}

export interface Finding {
  /** What was checked, in a few words. */
  readonly check: string;
  readonly ok: boolean;
  /** What is wrong, or what holds, in one line. */
  readonly text: string;
}

/** One moment of a run. */
export interface Sample {
  /** Since the start, in seconds. */
  readonly atS: number;
  readonly phase: string;
  readonly clients: number;
  /** Deliveries per second that the pushes ask for, and that came. */
  readonly expectedPerS: number;
  readonly receivedPerS: number;
  /** Messages of clients per second that the server has taken, and that it has refused. */
  readonly publishedPerS: number;
  readonly refusedPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the server; undefined for one that runs elsewhere. */
  readonly serverCores: number | undefined;
  readonly serverRssBytes: number | undefined;
  /** Processors that the clients take. */
  readonly clientCores: number;
}

/** What a report says of the clients themselves; failures are those beside deliveries. */
type ReportedProgress = Pick<
  FleetProgress,
  "heartbeatsSent" | "heartbeatsMissed" | "lostConnections" | "failures"
>;

export interface Report extends ReportedProgress {
  readonly seed: number;
  readonly scenario: string;
  /** The effective options, as on the command line. */
  readonly options: readonly string[];
  readonly clients: number;
  readonly durationS: number;
  readonly receipts: ReceiptTotals;
  /** Pushes that were due, those that were sent, and those that were not accepted. */
  readonly pushes: { readonly due: number; readonly sent: number; readonly failed: number };
  /** What became of the messages of clients, in a show. */
  readonly messages?: MessageTotals;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Buckets of the latency histogram: upper edge in milliseconds and how many. */
  readonly histogram: readonly (readonly [edgeMs: number, count: number])[];
  readonly samples: readonly Sample[];
  /** Undefined for a server that runs elsewhere. */
  readonly server:
    | { readonly cpuS: number; readonly rssBytes: number; readonly rssPerClientBytes: number }
    | undefined;
  readonly findings: readonly Finding[];
  /** Figures of the scenario's own, such as what stopped a ramp. */
  readonly notes: Readonly<Record<string, number | string>>;
}

/** Some of all clients, the same for the same seed. */
export interface ClientSelection {
  /** How many, of all: 0 to 1. */
  readonly share: number;
  readonly seed: number;
}

/**
 * When silent clients are to be closed, in milliseconds. The server got the last heartbeat of a
 * client at some time from its being sent to its being answered.
 */
export interface Deadline {
  /** From its being sent on. */
  readonly earliestMs: number;
  /** From its being answered on. */
  readonly latestMs: number;
}

/** What became of clients that were to fall silent. */
export interface SilentReport {
  readonly silent: number;
  /** Closed by the server between the earliest and the latest that it may. */
  readonly closed: number;
  /** Closed before the deadline. */
  readonly early: number;
  /** Closed later than that, or not at all. */
  readonly late: number;
  /** How long after the answer to its last heartbeat the last was closed, in milliseconds. */
  readonly lastMs: number;
}
