import type {
  Conn,
  DialOptions,
  Listener,
  ListenOptions,
  Streams,
  TlsCertificate,
} from "../platform/port.ts";
import type { TlsFiles } from "./tls_files.ts";

/**
 * Streams that speak TLS, by certificates that can be exchanged while they are open. Who gets these
 * instead of the plain ones speaks TLS, and knows nothing of it.
 */
export class SecureStreams implements Streams {
  #files: Pick<TlsFiles, "certificates" | "trust"> = { certificates: [], trust: {} };
  readonly #listeners = new Set<Listener>();

  constructor(private readonly plain: Streams) {}

  get certificates(): readonly TlsCertificate[] {
    return this.#files.certificates;
  }

  async listen<Context>(options: ListenOptions<Context>): Promise<Listener> {
    const listener = await this.plain.listen({ ...options, tls: this.certificates });
    this.#listeners.add(listener);
    return {
      address: listener.address,
      close: () => {
        this.#listeners.delete(listener);
        return listener.close();
      },
    };
  }

  dial<Context>(options: DialOptions<Context>): Promise<Conn<Context>> {
    return this.plain.dial({ ...options, tls: this.#files.trust });
  }

  /** Goes by other files: new connections get their certificates, open ones go on. */
  async use(files: Pick<TlsFiles, "certificates" | "trust">): Promise<void> {
    this.#files = files;
    await Promise.all(
      [...this.#listeners].map((listener) => listener.reloadTls?.(files.certificates)),
    );
  }
}
