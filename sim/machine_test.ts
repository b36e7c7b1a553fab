import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { describe, it } from "node:test";
import { freeMemoryShare, portsPerAddress, spreadOver, usageOf } from "./machine.ts";

describe("spreadOver()", () => {
  const machine = {
    workers: undefined,
    cpuCount: 2,
    openFilesMax: 20_000,
    portsPerAddress: 28_000,
    targets: undefined,
    isOwn: true,
  };

  it("takes one process where one will do", () => {
    assert.deepEqual(spreadOver({ ...machine, clients: 5_000 }), {
      processes: 1,
      serverWorkers: 0,
      addresses: 1,
      clientsMax: 28_000,
    });
  });

  it("takes more for many clients, as far as there are processors", () => {
    const need = { ...machine, clients: 18_000 };
    const processesOn = (cpuCount: number) => spreadOver({ ...need, cpuCount }).processes;
    assert.deepEqual([1, 2, 3, 4, 8].map(processesOn), [1, 2, 3, 4, 4]);
  });

  it("takes more where files or ports run out, of clients and of the server", () => {
    assert.deepEqual(spreadOver({ ...machine, clients: 60_000 }), {
      processes: 4,
      serverWorkers: 5,
      addresses: 6,
      clientsMax: 168_000,
    });
  });

  it("takes as many processes as are asked for", () => {
    const need = { ...machine, clients: 30_000, targets: 1, isOwn: false };
    assert.equal(spreadOver({ ...need, workers: 8 }).processes, 8);
    const spread = spreadOver({ ...need, workers: 2 });
    assert.deepEqual(spread, { processes: 2, serverWorkers: 0, addresses: 1, clientsMax: 28_000 });
  });

  it("refuses what takes very many processes, or more than may be", () => {
    const need = { ...machine, clients: 10_000 };
    assert.throws(() => spreadOver({ ...need, openFilesMax: 256 }), {
      message: "Cannot run: 10000 clients need 179 processes of 256 open files each, " +
        'more than 64: raise "ulimit -n"',
    });
    assert.throws(
      () => spreadOver({ ...machine, clients: 20_000, workers: 1 }),
      /need 2 processes of 20000 open files each, more than 1: raise "ulimit -n" or --workers$/,
    );
  });

  it("goes to more addresses of a running server that all of loopback leads to", () => {
    const need = { ...machine, clients: 60_000, isOwn: false };
    const { serverWorkers, addresses } = spreadOver(need);
    assert.deepEqual({ serverWorkers, addresses }, { serverWorkers: 0, addresses: 6 });
  });
});

describe("freeMemoryShare()", () => {
  it("is more than nothing and less than all", () => {
    const share = freeMemoryShare()!;
    assert.ok(share > 0 && share < 1, `${share}`);
  });
});

describe("usageOf()", () => {
  it("counts a process and its children", async () => {
    assert.ok(portsPerAddress() > 1_000);
    const own = usageOf(process.pid)!;
    assert.ok(own.rssBytes > 10_000_000 && own.cpuS > 0);
    const child = spawn("sleep", ["30"]);
    await once(child, "spawn");
    const both = usageOf(process.pid)!;
    const alone = usageOf(child.pid!)!;
    assert.ok(alone.rssBytes > 0 && both.rssBytes > alone.rssBytes);
    process.kill(child.pid!, "SIGKILL");
    await once(child, "exit");
    assert.equal(usageOf(child.pid!), undefined);
  });
});
