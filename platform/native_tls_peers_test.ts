import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { randomBelow, seededPrng } from "../base/prng.ts";
import { selfSigned } from "./contract/certificates.ts";
import { closeAll, pattern, pendingBytesMax, Probe, turn } from "./contract/probe.ts";
import type { Listener, TlsCertificate } from "./port.ts";
import { selectPlatform } from "./select.ts";

const platform = await selectPlatform();
const hostname = "127.0.0.1";
const names = {
  a: selfSigned("DNS:a.test", "IP:127.0.0.1"),
  b: selfSigned("DNS:b.test", "DNS:*.wild.test"),
  c: selfSigned("DNS:c.test"),
};

/** Settles when a socket has closed, reset or not. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.resume().once("close", () => resolve()));
}

/** Sends back what comes, and ends when the peer does. */
function echo(): Probe {
  return new Probe({
    data: (conn, chunk) => void conn.write(chunk.slice()),
    end: (conn) => conn.end(),
  });
}

describe("A TLS listener", () => {
  let server: Probe;
  let listener: Listener;
  const counters = { acceptFailures: 0, tlsFailures: 0 };
  let port = 0;

  before(async () => {
    server = echo();
    const tls = [names.a, names.b];
    listener = await platform.streams.listen(
      { hostname, port: 0, pendingBytesMax, handler: server, counters, tls },
    );
    port = listener.address.port;
  });
  after(async () => {
    await closeAll(server);
    await listener.close();
  });

  /** A client of node:tls that trusts anybody. */
  async function client(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connect({ host: hostname, port, rejectUnauthorized: false, ...options });
    await once(socket, "secureConnect");
    return socket;
  }

  /** Whose certificate a client gets that asks for a name. */
  async function subjectOf(servername?: string): Promise<string> {
    const socket = await client(servername === undefined ? {} : { servername });
    const { subjectaltname } = socket.getPeerCertificate();
    socket.destroy();
    return subjectaltname!.split(",")[0];
  }

  /** What openssl says that sends a text, and ends when it comes back. */
  async function openssl(args: readonly string[], text: string): Promise<string> {
    const all = ["s_client", "-connect", `${hostname}:${port}`, ...args];
    const child: ChildProcess = spawn("openssl", all, { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on("data", (data) => {
        said += data;
        if (said.includes(`\n${text}`)) child.stdin!.end();
      });
    }
    child.stdin!.on("error", () => {});
    child.stdin!.write(text);
    await once(child, "close");
    return said;
  }

  /** What a plain TCP client gets that sends bytes, until it is closed. */
  async function sendRaw(bytes: Uint8Array): Promise<void> {
    const socket = connectTcp(port, hostname, () => socket.write(bytes));
    socket.on("error", () => {});
    await closed(socket);
  }

  it("serves openssl over TLS 1.2 and 1.3", async () => {
    for (const version of ["-tls1_2", "-tls1_3"]) {
      assert.match(await openssl([version, "-no_ign_eof"], "hello\n"), /^hello$/m);
    }
  });

  it("refuses TLS 1.0 and 1.1, also by name, and serves the next client", async () => {
    const before = counters.tlsFailures;
    for (const version of ["-tls1", "-tls1_1"]) {
      for (const name of ["a.test", "b.test"]) {
        const args = [version, "-cipher", "ALL:@SECLEVEL=0", "-servername", name];
        const said = await openssl(args, "hello\n");
        assert.match(said, /alert protocol version|unexpected eof/);
        assert.doesNotMatch(said, /^hello$/m);
      }
    }
    assert.equal(counters.tlsFailures, before + 4);
    assert.equal(await subjectOf("a.test"), "DNS:a.test");
  });

  it("does not renegotiate", async () => {
    // `R` on a line of its own asks for it; Bun closes, Deno says that it will not.
    const said = await openssl(["-tls1_2"], "R\n");
    assert.match(said, /RENEGOTIATING[\s\S]*(no renegotiation|unexpected eof|alert)/);
  });

  it("picks the certificate by the name that the client gives", async () => {
    assert.equal(await subjectOf(), "DNS:a.test");
    assert.equal(await subjectOf("a.test"), "DNS:a.test");
    assert.equal(await subjectOf("B.test"), "DNS:b.test");
    assert.equal(await subjectOf("x.wild.test"), "DNS:b.test");
    assert.equal(await subjectOf("y.x.wild.test"), "DNS:a.test");
    assert.equal(await subjectOf("nobody.test"), "DNS:a.test");
  });

  it("closes who sends plain text or garbage, counts them, and serves the next", async () => {
    const before = counters.tlsFailures;
    const prng = seededPrng(7);
    const garbage = Uint8Array.from({ length: 2000 }, () => randomBelow(prng, 256));
    const texts = ["GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "\0\0\0\x10\0\x10\0\x01\0\0\0\x07"];
    const hello = Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0xff);
    const sent = [...texts.map((text) => new TextEncoder().encode(text)), garbage, hello];
    for (const bytes of sent) await sendRaw(bytes);
    assert.equal(counters.tlsFailures, before + sent.length);
    assert.equal(await subjectOf("b.test"), "DNS:b.test");
  });

  it("tells its owner of a connection whose handshake never ends, and lets it close", async () => {
    const before = server.conns.length;
    const socket = connectTcp(port, hostname);
    socket.on("error", () => {});
    await once(socket, "connect");
    // A head of a record that promises more.
    socket.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1));
    await server.until("it is there", () => server.conns.length === before + 1);
    const conn = server.conns[before];
    assert.equal(conn.remoteAddress, hostname);
    assert.equal(conn.context.closes, 0);
    conn.evict();
    assert.equal(conn.context.closes, 1);
    await closed(socket);
  });

  it("sends what is written at any time of a handshake, to each of a crowd", async () => {
    const words = new TextEncoder().encode("busy");
    const busy = new Probe({
      open: (conn) =>
        void turn().then(() => {
          conn.write(words);
          conn.end();
        }),
    });
    const place = { hostname, port: 0, pendingBytesMax, handler: busy };
    const crowded = await platform.streams.listen({ ...place, tls: [names.a, names.b] });
    const heard = await Promise.all(Array.from({ length: 40 }, async () => {
      const to = { host: hostname, port: crowded.address.port, rejectUnauthorized: false };
      const socket = connect(to, () => void socket.write("hello"));
      let text = "";
      socket.on("data", (data) => text += data).on("error", () => {});
      await closed(socket);
      return text;
    }));
    assert.deepEqual(heard, heard.map(() => "busy"));
    await closeAll(busy);
    await crowded.close();
  });

  it("ends a connection whose handshake never ends", async () => {
    const before = server.conns.length;
    const socket = connectTcp(port, hostname);
    await once(socket, "connect");
    await server.until("it is there", () => server.conns.length === before + 1);
    const conn = server.conns[before];
    conn.end();
    await closed(socket);
    await server.until("it closes", () => conn.context.closes === 1);
  });

  it("closes when a peer leaves in the middle of its handshake", async () => {
    const before = server.conns.length;
    for (const bytes of [Uint8Array.of(), Uint8Array.of(0x16, 3, 1, 2, 0, 1)]) {
      const socket = connectTcp(port, hostname, () => socket.end(bytes));
      socket.on("error", () => {});
    }
    await server.until("both are closed", () => {
      const late = server.conns.slice(before);
      return late.length === 2 && late.every(({ context }) => context.closes === 1);
    });
  });

  it("is not held up by peers that are cut or do not read", async () => {
    const before = server.conns.length;
    const deaf = await client();
    deaf.pause();
    const cut = await client();
    cut.write("x");
    await server.until("both are there", () => server.conns.length === before + 2);
    for (const conn of server.conns.slice(before)) {
      for (let more = 0; more < 50; more++) conn.write(pattern(60_000));
    }
    cut.destroy();
    await server.until("the one is closed", () => server.conns[before + 1].context.closes === 1);
    assert.equal(await subjectOf("a.test"), "DNS:a.test");
    deaf.destroy();
    await server.until("the other, too", () => server.conns[before].context.closes === 1);
  });

  it("holds a peer back while it is paused, and keeps nothing of what that sends", async () => {
    const before = server.conns.length;
    const socket = await client();
    await server.until("it is there", () => server.conns.length === before + 1);
    const conn = server.conns[before];
    socket.write("x");
    await server.until("it reads", () => conn.context.receivedBytes === 1);
    conn.pause();
    const written = new Uint8Array(64 * 1024);
    const full = 32 * 1024 * 1024;
    let sent = 0;
    const write = () =>
      void socket.write(written, () => ((sent += written.length) < full) && write());
    write();
    // What it can send at all, it sends at once: the kernel's buffers are all that there is.
    let last = -1;
    while (last !== sent) {
      last = sent;
      for (let turns = 0; turns < 200; turns++) await turn();
    }
    assert(sent < full, `${sent} bytes were taken`);
    socket.destroy();
    conn.evict();
  });

  it("gives new certificates from a reload on, refuses nobody, and keeps who is there", async () => {
    const stays = await client({ servername: "b.test" });
    const failures: Error[] = [];
    const subjects = new Set<string>();
    let dialled = 0;
    const dial = async () => {
      try {
        subjects.add(await subjectOf("b.test"));
      } catch (error) {
        failures.push(error as Error);
      }
      if (++dialled < 300) await dial();
    };
    const dials = Promise.all([dial(), dial(), dial(), dial()]);
    const rounds: (readonly TlsCertificate[])[] = [[names.c], [names.a, names.b], [names.c]];
    for (const round of rounds) {
      const from = dialled;
      await listener.reloadTls!(round);
      while (dialled < from + 50) await turn();
    }
    await dials;
    assert.deepEqual(failures, []);
    assert.deepEqual([...subjects].sort(), ["DNS:b.test", "DNS:c.test"]);
    assert.equal(await subjectOf("b.test"), "DNS:c.test", "a name that is no longer served");
    stays.write("still here");
    assert.equal(String((await once(stays, "data"))[0]), "still here");
    stays.destroy();
  });

  it("keeps its certificates when those of a reload cannot be used", async () => {
    await listener.reloadTls!([names.a]);
    const { certificate } = names.b;
    const wrong = [{ certificate, key: names.c.key }];
    await assert.rejects(listener.reloadTls!(wrong), /the private key does not match/);
    await assert.rejects(listener.reloadTls!([{ certificate: "x", key: "y" }]), /no certificate/);
    await assert.rejects(listener.reloadTls!([]), /needs a certificate/);
    assert.equal(await subjectOf("b.test"), "DNS:a.test");
  });
});

describe("A dial over TLS", () => {
  const trust = { ca: names.a.certificate };

  function dial(port: number, tls: { ca?: string; serverName?: string }) {
    return platform.streams.dial({ hostname, port, pendingBytesMax, handler: new Probe(), tls });
  }

  it("fails unless the certificate is one to trust, for the right name", async () => {
    const server = echo();
    const listener = await platform.streams.listen(
      { hostname, port: 0, pendingBytesMax, handler: server, tls: [names.a] },
    );
    const { port } = listener.address;
    try {
      (await dial(port, trust)).evict();
      (await dial(port, { ...trust, serverName: "a.test" })).evict();
      const cannot = (reason: RegExp) => (error: Error) => {
        assert.match(error.message, new RegExp(`^Cannot connect to 127.0.0.1:${port}: no TLS`));
        assert.match(error.message, reason);
        return true;
      };
      await assert.rejects(dial(port, { ...trust, serverName: "x.test" }), cannot(/x\.test/));
      await assert.rejects(dial(port, { ca: names.b.certificate }), cannot(/self.signed|issuer/));
      await assert.rejects(dial(port, {}), cannot(/self.signed|issuer/));
    } finally {
      await closeAll(server);
      await listener.close();
    }
  });

  it("fails where the peer speaks no TLS, or leaves", async () => {
    for (const end of [false, true]) {
      const data = (conn: Parameters<Probe["data"]>[0]) => {
        if (end) conn.evict();
        else conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      };
      const server = new Probe({ data });
      const listener = await platform.streams.listen(
        { hostname, port: 0, pendingBytesMax, handler: server },
      );
      await assert.rejects(dial(listener.address.port, trust), /Cannot connect to .*: no TLS/);
      await closeAll(server);
      await listener.close();
    }
  });

  it("answers with two small writes and no stall between them, as plain TCP does", async () => {
    const medians: number[] = [];
    for (const tls of [undefined, [names.a]]) {
      const server = new Probe({
        // Two small writes, of which Nagle's algorithm would hold back the second for 40 ms.
        data(conn) {
          conn.write(new Uint8Array(1));
          conn.write(new Uint8Array(1));
        },
      });
      const listen = { hostname, port: 0, pendingBytesMax, handler: server };
      const listener = await platform.streams.listen(
        tls === undefined ? listen : { ...listen, tls },
      );
      const client = new Probe();
      const { port } = listener.address;
      const options = { hostname, port, pendingBytesMax, handler: client };
      const conn = await platform.streams.dial(
        tls === undefined ? options : { ...options, tls: trust },
      );
      const tookMs: number[] = [];
      for (let round = 1; round <= 60; round++) {
        const beganMs = performance.now();
        conn.write(new Uint8Array(1));
        await client.until("both come", () => conn.context.receivedBytes === 2 * round);
        tookMs.push(performance.now() - beganMs);
      }
      medians.push(tookMs.sort((one, other) => one - other)[30]);
      await closeAll(server, client);
      await listener.close();
    }
    assert(medians.every((ms) => ms < 20), `a reply took ${medians.join(" and ")} ms`);
  });
});
