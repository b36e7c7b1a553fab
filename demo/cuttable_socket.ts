/** A class of sockets that can be cut, all at once, as by a cable that is pulled. */
export interface CuttableSockets {
  readonly Socket: new (url: string) => WebSocket;
  readonly isCut: boolean;
  /** Ends every connection, and lets no other come about until it is taken back. */
  setCut(isCut: boolean): void;
}

/** @param Base The browser's own class. */
export function cuttableSockets(Base: new (url: string) => WebSocket): CuttableSockets {
  const open = new Set<WebSocket>();
  let isCut = false;

  class Socket extends Base {
    constructor(url: string) {
      super(url);
      open.add(this);
      this.addEventListener("close", () => open.delete(this));
      // Not at once: whoever made it has to listen first.
      if (isCut) queueMicrotask(() => cut(this));
    }
  }

  /** The page is told at once; the server's farewell would need the connection. */
  function cut(socket: WebSocket): void {
    if (!open.delete(socket)) return;
    socket.onclose?.(new CloseEvent("close", { code: 1006 }));
    socket.close();
  }

  return {
    Socket,
    get isCut() {
      return isCut;
    },
    setCut(next) {
      isCut = next;
      if (next) { for (const socket of [...open]) cut(socket); }
    },
  };
}
