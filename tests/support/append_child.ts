// A process of its own for tests, which is killed: appends to a data directory, some at once, and
// prints each offset once it is answered.
import process from "node:process";
import { append } from "../../drivers/contract/history_model.ts";
import { openData } from "./data_directory.ts";

/** Appends that are under way at once. */
const CALLERS = 20;

const { log } = await openData(process.argv[2]);
const caller = async () => {
  while (true) {
    const { stream } = await append(log, "x".repeat(500));
    process.stdout.write(`${stream!.offset}\n`);
  }
};
for (let count = 0; count < CALLERS; count++) void caller();
