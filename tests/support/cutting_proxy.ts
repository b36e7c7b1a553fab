import type { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type Prng, randomBelow } from "../../base/prng.ts";

/** Answers are so many times shorter than calls, roughly. */
const CALL_TO_ANSWER = 8;

/** How many bytes a connection may still carry in each direction. */
interface Budget {
  calls: number;
  answers: number;
}

/**
 * A TCP proxy that cuts each of its connections after some bytes, as often in the calls of the
 * dialling end as in the answers to them: mostly in the middle of a frame, whose first bytes still
 * arrive.
 */
export class CuttingProxy {
  /** How many connections it has cut. */
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Most bytes of a connection; it cuts none while this is Infinity. */
  #bytesMax = Infinity;

  private constructor(private readonly target: number, private readonly prng: Prng) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /**
   * Listens on a free port of this machine, and passes all on until told to cut.
   *
   * @param target The port behind it, where nobody needs to listen yet.
   */
  static async start(target: number, prng: Prng): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, prng);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** Where it listens. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /**
   * Cuts every connection, those that are there included.
   *
   * @param bytesMax Most bytes that the dialling end may send until then.
   */
  cut(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    for (const socket of this.#sockets) socket.emit("cut");
  }

  /** Cuts no more. */
  heal(): void {
    this.cut(Infinity);
  }

  /** Closes everything. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(near: Socket): void {
    const far = connect({ host: "127.0.0.1", port: this.target });
    let left = this.#budget();
    let isCut = false;
    near.on("cut", () => left = this.#budget());
    const pass = (from: Socket, to: Socket, way: keyof Budget) => {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (bytes: Buffer) => {
        left[way] -= bytes.length;
        if (left[way] > 0) return void to.write(bytes);
        if (isCut) return;
        isCut = true;
        this.cuts++;
        to.end(bytes.subarray(0, bytes.length + left[way]));
        from.destroy();
      });
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.end();
      });
    };
    pass(near, far, "calls");
    pass(far, near, "answers");
  }

  #budget(): Budget {
    const budget = { calls: Infinity, answers: Infinity };
    if (this.#bytesMax === Infinity) return budget;
    const bytes = 1 + randomBelow(this.prng, this.#bytesMax);
    if (randomBelow(this.prng, 2) === 0) budget.calls = bytes;
    else budget.answers = Math.ceil(bytes / CALL_TO_ANSWER);
    return budget;
  }
}
