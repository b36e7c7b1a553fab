import assert from "node:assert/strict";
import { test } from "node:test";
import { originCheck, type Origins } from "./origins.ts";

const LISTED = ["https://www.example.com", "https://Other.example:8443", "null"];

const CASES: readonly [boolean, Origins, string, string][] = [
  [true, "local", "127.0.0.1:3102", ""],
  [true, "local", "127.0.0.1:3102", "http://127.0.0.1:3102"],
  [true, "local", "127.0.0.1:3102", "http://localhost:5173"],
  [true, "local", "localhost:3102", "http://[::1]:8000"],
  [true, "local", "push.example.com", "https://push.example.com"],
  [false, "local", "push.example.com", "https://www.example.com"],
  [false, "local", "push.example.com", "https://push.example.com:8443"],
  [false, "local", "rebound.example:3102", "http://rebound.example:3102"],
  [false, "local", "127.0.0.1:3102", "http://evil.example"],
  [false, "local", "127.0.0.1:3102", "http://localhost.evil.example"],
  [false, "local", "127.0.0.1:3102", "null"],
  [false, "local", "127.0.0.1:3102", "file://"],
  [true, ["*"], "127.0.0.1:3102", "http://evil.example"],
  [true, ["*"], "127.0.0.1:3102", "null"],
  [true, LISTED, "push.example.com", ""],
  [true, LISTED, "push.example.com", "https://www.example.com"],
  [true, LISTED, "push.example.com", "https://other.example:8443"],
  [true, LISTED, "push.example.com", "null"],
  [true, ["https://www.example.com:443"], "push.example.com", "https://www.example.com"],
  [true, ["https://bücher.example"], "push.example.com", "https://xn--bcher-kva.example"],
  [true, ["capacitor://LOCALHOST"], "push.example.com", "capacitor://localhost"],
  [false, ["capacitor://localhost"], "push.example.com", "null"],
  [false, LISTED, "push.example.com", "http://www.example.com"],
  [false, LISTED, "push.example.com", "https://www.example.com.evil.example"],
  [false, LISTED, "push.example.com", "https://push.example.com"],
  [false, LISTED, "127.0.0.1:3102", "http://localhost:5173"],
];

for (const [may, origins, host, origin] of CASES) {
  const from = origin === "" ? "no origin" : `the origin ${origin}`;
  test(`originCheck(${JSON.stringify(origins)}) says ${may} to ${from} at ${host}`, () => {
    assert.equal(originCheck(origins)(host, origin), may);
  });
}
