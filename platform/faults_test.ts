import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkPort, deniedReason, hostPort, portError } from "./faults.ts";

const target = { hostname: "127.0.0.1", port: 3101 };

describe("hostPort()", () => {
  it("puts IPv6 in brackets", () => {
    assert.equal(hostPort(target), "127.0.0.1:3101");
    assert.equal(hostPort({ hostname: "::1", port: 80 }), "[::1]:80");
  });
});

describe("checkPort()", () => {
  it("refuses what is not a port", () => {
    for (const port of [-1, 65_536, 1.5, NaN]) {
      assert.throws(() => checkPort("listen on", { ...target, port }, 0), {
        message: `Cannot listen on 127.0.0.1:${port}: port must be 0 to 65535, ` +
          `current value is ${port}`,
      });
    }
    checkPort("listen on", { ...target, port: 0 }, 0);
    checkPort("connect to", { ...target, port: 65_535 }, 1);
  });
});

describe("portError()", () => {
  const cases: readonly [Error, string][] = [
    [coded("EADDRINUSE", "Failed to listen at 127.0.0.1"), "address already in use"],
    [coded("EADDRNOTAVAIL", "os error 99"), "address not available"],
    [coded("EACCES", "os error 13"), "permission denied"],
    [coded("ECONNREFUSED", "Failed to connect"), "connection refused"],
    [coded("ENOTFOUND", "getaddrinfo ENOTFOUND"), "unknown host name"],
    [new Error("something else\nand more"), "something else"],
    [notCapable(), 'permission denied (Requires net access to "127.0.0.1:3101")'],
  ];
  for (const [cause, reason] of cases) {
    it(`says "${reason}" in one line`, async () => {
      const error = await portError("listen on", target, cause);
      assert.equal(error.message, `Cannot listen on 127.0.0.1:3101: ${reason}`);
      assert.equal(error.cause, cause);
    });
  }
});

describe("deniedReason()", () => {
  it("leaves other errors alone", () => {
    assert.equal(deniedReason(new Error("no")), undefined);
    assert.equal(deniedReason("no"), undefined);
  });
});

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function notCapable(): Error {
  return Object.assign(new Error('Requires net access to "127.0.0.1:3101"'), {
    name: "NotCapable",
  });
}
