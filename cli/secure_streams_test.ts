import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  DialOptions,
  Listener,
  ListenOptions,
  Streams,
  TlsCertificate,
} from "../platform/port.ts";
import { SecureStreams } from "./secure_streams.ts";

/** Streams that write down what they are asked for. */
class Recorder implements Streams {
  readonly asked: unknown[] = [];

  listen<Context>({ tls }: ListenOptions<Context>): Promise<Listener> {
    this.asked.push(["listen", tls]);
    return Promise.resolve({
      address: { hostname: "127.0.0.1", port: 1 },
      close: () => Promise.resolve(),
      reloadTls: (certificates) => {
        this.asked.push(["reload", certificates]);
        return Promise.resolve();
      },
    });
  }

  dial<Context>({ tls }: DialOptions<Context>): Promise<never> {
    this.asked.push(["dial", tls]);
    return new Promise(() => {});
  }
}

test("SecureStreams speak TLS, and exchange the certificates of who listens", async () => {
  const recorder = new Recorder();
  const streams = new SecureStreams(recorder);
  const options = { hostname: "127.0.0.1", port: 0 } as
    & ListenOptions<unknown>
    & DialOptions<unknown>;
  const certificates = (name: string): TlsCertificate[] => [{ certificate: name, key: name }];
  await streams.use({ certificates: certificates("a"), trust: { ca: "a" } });
  const stays = await streams.listen(options);
  const goes = await streams.listen(options);
  void streams.dial(options);
  await goes.close();
  await streams.use({ certificates: certificates("b"), trust: { ca: "b" } });
  void streams.dial(options);
  assert.deepEqual(recorder.asked, [
    ["listen", certificates("a")],
    ["listen", certificates("a")],
    ["dial", { ca: "a" }],
    ["reload", certificates("b")],
    ["dial", { ca: "b" }],
  ]);
  assert.equal(stays.address.port, 1);
});
