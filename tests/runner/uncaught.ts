/**
 * Loaded before the tests under Deno. Its `node:test` lets an error that no test caught (thrown by
 * a timer, by a rejected promise, or while the file was loading) pass unnoticed; here it is put on
 * record, and the test command counts it as a failure.
 *
 * @module
 */
import { uncaughtMark } from "./report.ts";

function record(error: unknown): void {
  console.error(`${uncaughtMark} ${error instanceof Error ? error.stack : error}`);
}

globalThis.addEventListener("error", (event) => record(event.error ?? event.message));
globalThis.addEventListener("unhandledrejection", (event) => record(event.reason));
