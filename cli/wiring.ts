/**
 * The composition root: builds comet, logic and job from ports and a few values, with their ends of
 * the links between them, and knows in which order their parts stop. Every form of running is built
 * here, and so are the roles of tests, simulated worlds and benchmarks.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import { Comet, type CometDependencies } from "../comet/comet.ts";
import type { CometOptions } from "../comet/options.ts";
import { CometService } from "../comet/rpc/comet_service.ts";
import { LogicPool } from "../comet/rpc/logic_pool.ts";
import { answerProcess } from "../comet/rpc/process_calls.ts";
import type { Drivers } from "../drivers/open.ts";
import { StaticCometDirectory } from "../job/comet_directory.ts";
import { Job } from "../job/job.ts";
import type { JobOptions } from "../job/options.ts";
import { RegisteredComets } from "../job/rpc/registered_comets.ts";
import { Logic, type LogicDependencies } from "../logic/logic.ts";
import { CometLinks } from "../logic/rpc/comet_links.ts";
import { parseRpcAddress } from "../options/address.ts";
import type { Address, Streams } from "../platform/port.ts";
import { type CometControl, DIRECTORY_MS } from "../protocol/cluster/comet_calls.ts";
import type { RpcCounters } from "../rpc/counters.ts";
import type { RpcHandler } from "../rpc/link.ts";
import { listenRpc, type RpcListener } from "../rpc/listener.ts";
import { WorkerLinks } from "./roles/worker_links.ts";

/** Comets wait a little longer than a job's view of them may be old. */
const OPEN_AFTER_MS = DIRECTORY_MS + 100;

/** Dependencies of all roles of a process. */
export interface RoleDependencies extends Pick<CometDependencies, "clients"> {
  readonly clock: Clock;
  /** The time in which this process ran; stops after everything else. */
  readonly running: Clock;
  readonly prng: Prng;
  /** Those of links, and of clients where nothing else is said. */
  readonly streams: Streams;
  /** The cluster secret; empty for none. */
  readonly secret: string;
  /** Where links count. */
  readonly counters: RpcCounters;
}

/** The ports of logic and job. */
export type Ports = Pick<Drivers, "pushLog" | "nodes" | "sessions" | "moderation">;

/** What a comet has beside. */
export interface CometSettings {
  /** This run of the comet. */
  readonly server: string;
  readonly options: CometOptions;
}

/** What a comet of a cluster has beside. */
export interface ClusterCometSettings extends CometSettings {
  /** Where the logics are. */
  readonly logics: readonly Address[];
  /** Answers logic before the comet does; nothing for what is the comet's to answer. */
  readonly answer?: (method: number, body: Uint8Array) => Promise<Uint8Array> | undefined;
  /** Begins to end the process, where it may end by itself. */
  readonly drain?: () => void;
  /** As for `RpcLinkDependencies`. */
  readonly silentMs?: number;
}

/** What a logic has beside. */
export interface LogicSettings extends Pick<LogicDependencies, "hooks" | "options"> {
  readonly ports: Ports;
}

/** What a job has beside. */
export interface JobSettings {
  /** This run of the job. */
  readonly owner: string;
  readonly ports: Pick<Ports, "pushLog" | "nodes">;
  /** What differs from `jobDefaults`. */
  readonly options?: Partial<JobOptions>;
}

/** A comet of a cluster: it dials the logics, and jobs dial it. */
export function wireComet(parts: RoleDependencies, own: ClusterCometSettings) {
  const { server, options, answer = () => undefined, drain, silentMs } = own;
  const service = new CometService(() => comet);
  const handler: RpcHandler = {
    call: (link, method, body) =>
      answer(method, body) ?? answerProcess({ comet, logics, drain }, link, method, body) ??
        service.call(link, method, body),
  };
  const { secret, streams, running: clock, prng, counters } = parts;
  const link = { secret, streams, clock, prng, counters, silentMs };
  const logics = new LogicPool({ ...link, server, addresses: own.logics, handler });
  const comet: Comet = new Comet({ ...parts, server, logic: logics, options });
  const port = linkPort(parts, { role: "comet", id: server }, service);
  return {
    comet,
    logics,
    /** Lets jobs dial it. */
    listen: port.listen,
    /** Clients first, since logic is told of each. */
    stop: async () => {
      await comet.stop();
      await port.close();
      await logics.stop();
    },
  };
}

/** A logic of a cluster: comets dial it. */
export function wireLogic(parts: RoleDependencies, own: LogicSettings & { readonly id: string }) {
  const { id, ports, options, ...rest } = own;
  const links = new CometLinks(parts.clock);
  const logic = new Logic({
    ...parts,
    ...ports,
    ...rest,
    comets: links,
    options: { ...options, openAfterMs: OPEN_AFTER_MS },
  });
  links.serve(logic);
  const port = linkPort(parts, { role: "logic", id }, links);
  return {
    logic,
    links,
    listen: port.listen,
    /** Comets go on with the other logics. */
    drain: () => links.leave(),
    stop: async () => {
      await port.close();
      await logic.settled();
    },
  };
}

/** A job of a cluster: it dials the comets that are registered. */
export function wireJob(parts: RoleDependencies, { owner, ports, options }: JobSettings) {
  const { nodes, pushLog } = ports;
  const comets = new RegisteredComets({ ...parts, owner, nodes, parseAddress: parseRpcAddress });
  const job = new Job({ ...parts, owner, pushLog, comets, options });
  return {
    job,
    comets,
    start: () => {
      comets.start();
      job.start();
    },
    stop: async () => {
      await job.stop();
      await comets.stop();
    },
  };
}

/** All roles in one process, with one comet and no links. */
export function wireServer(
  parts: RoleDependencies,
  { comet: { server, options }, logic: { ports, ...ofLogic }, job: ofJob = {} }: {
    readonly comet: CometSettings;
    readonly logic: LogicSettings;
    readonly job?: Partial<JobOptions>;
  },
) {
  const { pushLog } = ports;
  const comets = new StaticCometDirectory();
  const controls = new Map<string, CometControl>();
  const logic = new Logic({ ...parts, ...ports, ...ofLogic, comets: controls });
  const comet = new Comet({ ...parts, server, logic, options });
  controls.set(server, comet.control);
  comets.add(server, comet);
  // The one comet shares this process and cannot be stuck alone: it sets the pace, and a push that
  // finds no room is refused, which the caller sees, instead of being shed.
  const jobOptions = { ...ofJob, stallMsMax: Infinity };
  const job = new Job({ ...parts, owner: server, pushLog, comets, options: jobOptions });
  return {
    comet,
    logic,
    job,
    /** Upstream first, so that what was accepted still reaches the clients. */
    stop: async () => {
      await job.stop();
      await pushLog.close();
      await comet.stop();
      await logic.settled();
    },
  };
}

/** Logic and job of a parent, whose comets are processes of their own that dial it. */
export function wireParent(
  parts: RoleDependencies,
  { owner, logic: { ports, ...ofLogic }, job: options }: {
    readonly owner: string;
    readonly logic: LogicSettings;
    readonly job?: Partial<JobOptions>;
  },
) {
  const { nodes, pushLog } = ports;
  const workers = new WorkerLinks(parts.clock, nodes);
  const { links, comets } = workers;
  const logic = new Logic({ ...parts, ...ports, ...ofLogic, comets: links });
  workers.serve(logic);
  const job = new Job({ ...parts, owner, pushLog, comets, options });
  const port = linkPort(parts, { role: "parent", id: owner }, workers, Infinity);
  return {
    workers,
    logic,
    job,
    listen: port.listen,
    start: () => {
      comets.start();
      job.start();
    },
    /**
     * Upstream first, as in one process.
     *
     * @param stopWorkers Ends the processes.
     */
    stop: async (stopWorkers: () => Promise<void>) => {
      await job.stop();
      comets.stop();
      await pushLog.close();
      await stopWorkers();
      await port.close();
      await logic.settled();
    },
  };
}

/** A port for links that others dial. */
function linkPort(
  { streams, secret, running: clock, counters }: RoleDependencies,
  self: { readonly role: string; readonly id: string },
  handler: RpcHandler,
  silentMs?: number,
) {
  let listener: RpcListener | undefined;
  return {
    /** See {@linkcode listenRpc} for the errors; returns where it really listens. */
    listen: async (address: Address): Promise<Address> => {
      const options = { streams, secret, clock, counters, self, handler, silentMs };
      listener = await listenRpc({ ...options, address });
      return listener.address;
    },
    close: async () => await listener?.close(),
  };
}
