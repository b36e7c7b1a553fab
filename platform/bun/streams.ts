import { checkPort, portError, reportHandlerFault } from "../faults.ts";
import {
  type Conn,
  type ConnHandler,
  type DialOptions,
  type Listener,
  type ListenOptions,
  type Streams,
  WriteOutcome,
} from "../port.ts";
import { openUnixSocket, removeSocket, unixPath } from "../unix_socket.ts";
import { WriteQueue } from "../write_queue.ts";
import { bun, type BunSocket, type BunSocketHandlers } from "./api.ts";

/** What the connections of a listener, or of a dial, have in common. */
interface Owner<Context> {
  readonly handler: ConnHandler<Context>;
  readonly pendingBytesMax: number;
}

/** A connection; its plain fields are there for the price of a connection. */
class BunConn<Context> implements Conn<Context> {
  context = undefined as Context;
  /** Null while the kernel takes everything. */
  private queue: WriteQueue | null = null;
  private drainDue = false;
  private ending = false;
  private over = false;

  constructor(
    private readonly socket: BunSocket<BunConn<Context>>,
    private readonly owner: Owner<Context>,
  ) {}

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? "unix";
  }

  get pendingBytes(): number {
    return this.queue === null ? 0 : this.queue.bytes;
  }

  write(bytes: Uint8Array): WriteOutcome {
    if (this.over || this.ending) return WriteOutcome.closed;
    if (this.queue !== null) {
      if (this.queue.bytes + bytes.length > this.owner.pendingBytesMax) return WriteOutcome.dropped;
      this.queue.push(bytes);
      return WriteOutcome.queued;
    }
    const taken = this.socket.write(bytes);
    if (taken === bytes.length) return WriteOutcome.sent;
    if (taken < 0) return WriteOutcome.closed;
    this.queue = new WriteQueue();
    this.queue.push(bytes);
    this.queue.consume(taken);
    this.drainDue = true;
    return WriteOutcome.queued;
  }

  discardPending(): number {
    if (this.queue === null) return 0;
    const dropped = this.queue.discard();
    if (this.queue.bytes === 0) this.queue = null;
    return dropped;
  }

  pause(): void {
    if (!this.over) this.socket.pause();
  }

  resume(): void {
    if (!this.over) this.socket.resume();
  }

  end(): void {
    if (this.over || this.ending) return;
    this.ending = true;
    if (this.queue === null) this.socket.shutdown();
  }

  evict(): void {
    if (this.over) return;
    this.socket.terminate();
    this.onClose();
  }

  onOpen(): void {
    this.socket.setNoDelay(true);
    try {
      this.owner.handler.open(this);
    } catch (error) {
      this.fail("open", error);
    }
  }

  onData(chunk: Uint8Array): void {
    if (this.over) return;
    try {
      this.owner.handler.data(this, chunk);
    } catch (error) {
      this.fail("data", error);
    }
  }

  onDrain(): void {
    if (this.over || !this.drainDue || !this.flush()) return;
    this.drainDue = false;
    if (this.ending) this.socket.shutdown();
    try {
      this.owner.handler.drain(this);
    } catch (error) {
      this.fail("drain", error);
    }
  }

  onEnd(): void {
    if (this.over || this.ending) return;
    try {
      this.owner.handler.end(this);
    } catch (error) {
      this.fail("end", error);
    }
  }

  onClose(): void {
    if (this.over) return;
    this.over = true;
    this.queue = null;
    try {
      this.owner.handler.close(this);
    } catch (error) {
      reportHandlerFault("close", error);
    }
  }

  /** @returns Whether the queue is empty. */
  private flush(): boolean {
    while (this.queue !== null) {
      const write = this.queue.peek();
      const taken = this.socket.write(write);
      if (taken > 0) this.queue.consume(taken);
      if (taken < write.length) return false;
      if (this.queue.bytes === 0) this.queue = null;
    }
    return true;
  }

  private fail(callback: keyof ConnHandler, error: unknown): void {
    reportHandlerFault(callback, error);
    this.evict();
  }
}

function socketHandlers<Context>(owner: Owner<Context>): BunSocketHandlers<BunConn<Context>> {
  return {
    binaryType: "uint8array",
    open(socket) {
      const conn = new BunConn(socket, owner);
      socket.data = conn;
      conn.onOpen();
    },
    data: (socket, chunk) => socket.data.onData(chunk),
    drain: (socket) => socket.data.onDrain(),
    end: (socket) => socket.data.onEnd(),
    close: (socket) => socket.data.onClose(),
  };
}

/** Handlers of a connection that is only tried. */
const tried: BunSocketHandlers<undefined> = {
  binaryType: "uint8array",
  open: (socket) => socket.terminate(),
  data() {},
  drain() {},
  end() {},
  close() {},
};

async function listenUnix<Context>(
  path: string,
  socket: BunSocketHandlers<BunConn<Context>>,
): Promise<Listener> {
  const listener = await openUnixSocket(
    path,
    () => bun.listen({ unix: path, allowHalfOpen: true, socket }),
    () =>
      bun.connect({ unix: path, allowHalfOpen: true, socket: tried })
        .then(() => true, () => false),
  );
  return {
    address: { hostname: `unix:${path}`, port: 0 },
    close: async () => {
      listener.stop();
      removeSocket(path);
    },
  };
}

/** Byte streams over `Bun.listen` and `Bun.connect`. */
export const bunStreams: Streams = {
  async listen<Context>(options: ListenOptions<Context>): Promise<Listener> {
    checkPort("listen on", options, 0);
    const { hostname, port, reusePort, handler, pendingBytesMax } = options;
    const socket = socketHandlers({ handler, pendingBytesMax });
    try {
      const path = unixPath(options);
      if (path !== undefined) return await listenUnix(path, socket);
      const listener = bun.listen({ hostname, port, reusePort, allowHalfOpen: true, socket });
      return {
        address: { hostname: listener.hostname, port: listener.port },
        close: async () => listener.stop(),
      };
    } catch (error) {
      throw await portError("listen on", options, error);
    }
  },

  async dial<Context>(options: DialOptions<Context>): Promise<Conn<Context>> {
    checkPort("connect to", options, 1);
    const { hostname, port, handler, pendingBytesMax } = options;
    const socket = socketHandlers({ handler, pendingBytesMax });
    try {
      const path = unixPath(options);
      const place = path === undefined ? { hostname, port } : { unix: path };
      return (await bun.connect({ ...place, allowHalfOpen: true, socket })).data;
    } catch (error) {
      throw await portError("connect to", options, error);
    }
  },
};
