import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { within } from "../tests/support/raw_client.ts";
import { systemEnvironment } from "./environment.ts";

/** A worker that runs nothing; what it is told is noted down. */
class FakeWorker {
  static last: FakeWorker | undefined;
  readonly told: [id: number, delayMs: number][] = [];
  isEnded = false;
  onmessage: ((event: { data: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeWorker.last = this;
  }

  postMessage(message: [number, number]): void {
    this.told.push(message);
  }

  terminate(): void {
    this.isEnded = true;
  }
}

const own = ["location", "Worker"].map((name) =>
  [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
);

/** Makes this runtime look as a page does. */
function pretendPage(Worker: unknown): void {
  const properties = { location: { href: "https://page.test/" }, Worker };
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

afterEach(() => {
  FakeWorker.last = undefined;
  for (const [name, property] of own) {
    if (property) Object.defineProperty(globalThis, name, property);
    else Reflect.deleteProperty(globalThis, name);
  }
});

const FAR_MS = 100_000;

describe("the system's environment", () => {
  it("has timers, which end with it", async () => {
    const environment = systemEnvironment({});
    const late = () => assert.fail("it was cancelled");
    environment.after(1, late)();
    await within("a timer", new Promise<void>((resolve) => environment.after(2, resolve)));
    environment.after(1, late);
    environment.close();
    const other = systemEnvironment({});
    await within("a later timer", new Promise<void>((resolve) => other.after(2, resolve)));
    assert.equal(FakeWorker.last, undefined);
  });

  it("has a page's timers by a worker too: the first of both counts", () => {
    pretendPage(FakeWorker);
    const environment = systemEnvironment({});
    const { last: worker } = FakeWorker;
    const fired: string[] = [];
    environment.after(FAR_MS, () => fired.push("one"));
    const cancel = environment.after(FAR_MS + 1, () => fired.push("two"));
    assert.match(worker!.url, /^blob:/);
    assert.deepEqual(worker!.told.map(([, delayMs]) => delayMs), [FAR_MS, FAR_MS + 1]);
    cancel();
    for (const [id] of [...worker!.told, ...worker!.told]) worker!.onmessage!({ data: id });
    assert.deepEqual(fired, ["one"]);
    environment.close();
    assert.equal(worker!.isEnded, true);
  });

  it("has timers where a page's policy allows no worker", async (t) => {
    pretendPage(() => {
      throw new Error("refused by the policy");
    });
    const environment = systemEnvironment({});
    await within("a timer", new Promise<void>((resolve) => environment.after(1, resolve)));
    environment.close();
    // A page of a test has no URLs of Blobs.
    t.mock.method(URL, "createObjectURL", () => {
      throw new TypeError("not a function");
    });
    systemEnvironment({}).close();
  });

  it("tells of the device's network until it is closed", () => {
    const environment = systemEnvironment({});
    const changes: boolean[] = [];
    environment.onNetwork((isOnline) => changes.push(isOnline));
    globalThis.dispatchEvent(new Event("offline"));
    globalThis.dispatchEvent(new Event("online"));
    environment.close();
    globalThis.dispatchEvent(new Event("online"));
    assert.deepEqual(changes, [false, true]);
  });
});
