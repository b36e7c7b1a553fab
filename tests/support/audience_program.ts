/**
 * An audience in a program of its own, for runtimes that run no tests of ours. Its argument is the
 * address; it says how many publishes were accepted whenever there are ten more, and when its input
 * ends it checks what it has heard and says what became of it, each in a line of JSON.
 */
import process from "node:process";
import { Audience } from "./audience.ts";

const [, , url] = process.argv;
const audience = new Audience({ urls: [url], clients: 10, perSecond: 40 });
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

const ended = new Promise((resolve) => process.stdin.on("end", resolve).resume());
await audience.joined();
audience.start();
const saying = (async () => {
  while (true) {
    await audience.accepts(10);
    say({ accepted: audience.accepted });
  }
})();
await Promise.race([ended, saying]);
await audience.check();
const { accepted, failed, reconnects, gaps } = audience;
audience.close();
say({ accepted, failed, reconnects, gaps });
process.exit();
