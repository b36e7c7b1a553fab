import { test } from "node:test";
import fc from "fast-check";
import { promisesSettled } from "../base/clock.ts";
import { ClientWorld } from "../tests/support/client_world.ts";
import { SimulatedServer } from "../tests/support/simulated_server.ts";

/** Whether they keep history. */
const rooms = { "live://1": true, "live://2": true, "chat://1": false };

const pick = <T>(from: readonly T[], chance: number): T => from[chance % from.length];
const keyOf = (chance: number) => pick(Object.keys(rooms), chance);

type Action = (world: ClientWorld, chance: number) => unknown;

/** What can happen, and how often of a hundred times; a number says how. */
const actions: readonly (readonly [weight: number, action: Action])[] = [
  [40, (world, chance) => world.deliver(1 + chance % 20)],
  [8, (world, chance) => world.advance(pick([1, 400, 2_500, 11_000, 31_000], chance))],
  [14, (world, chance) => world.server.publish(keyOf(chance), world.number())],
  [12, (world, chance) => world.publish(keyOf(chance))],
  [1, (world, chance) => {
    for (let count = 0; count < 20; count++) world.publish(keyOf(chance));
  }],
  [4, (world, chance) => world.readHistory(keyOf(chance))],
  [4, (world, chance) => world.join(keyOf(chance), pick([undefined, 2], chance >> 2))],
  [3, (world, chance) => world.leave(keyOf(chance))],
  // The connection ends, with or without a word, or nobody knows that it has ended.
  [5, ({ server }, chance) => {
    for (const one of [...server.connections]) one.cut(pick([1006, 1001, 4002, 4003], chance));
  }],
  [1, ({ server }) => {
    for (const connection of server.connections) connection.isSwallowed = true;
  }],
  [2, ({ server }, chance) => server.isUp = chance % 3 > 0],
  // The server has lost what it kept, keeps less, or passes messages over.
  [2, (world, chance) => world.lose(keyOf(chance), chance % 2 === 0)],
  [3, ({ server }, chance) => server.trim(keyOf(chance), chance % 3)],
  [3, (world, chance) => world.server.skip(keyOf(chance), [world.number(), world.number()])],
  // It cannot, for now.
  [3, ({ server }, chance) => server.joinCodes.push(pick([-500, -429, -403], chance))],
  [5, ({ server }, chance) => {
    server.publishFaults.push(pick(["failed", "stored", "limited"] as const, chance));
  }],
  [2, ({ server }, chance) => server.tellAll({ type: "moving", delay_ms: chance % 1_000 })],
  // What the client was let in with expires; a token does not come, or its renewal is not judged.
  [3, ({ server }, chance) => server.tokenMs = pick([undefined, 10_000, 100_000], chance)],
  [2, ({ server }, chance) => server.renewalFaults = chance % 3],
  [2, ({ environment }, chance) => environment.changeNetwork(chance % 2 === 0)],
];

const step = fc.tuple(
  fc.oneof(...actions.map(([weight, action]) => ({ weight, arbitrary: fc.constant(action) }))),
  fc.nat(10_000),
);

test("an application sees each message once and in order or a gap, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(step, { maxLength: 150, size: "max" }),
      async (seed, steps) => {
        let asked = seed;
        const token = () => {
          if (asked++ % 5 === 0) throw new Error("signed out");
          return { mid: 1 };
        };
        const world = new ClientWorld(new SimulatedServer(rooms), seed, { token });
        for (const key of Object.keys(rooms)) world.join(key, seed % 2 === 0 ? 3 : undefined);
        for (const [action, chance] of steps) {
          await action(world, chance);
          await promisesSettled();
        }
        await world.finish();
      },
    ),
    { seed: 13, numRuns: 150 },
  );
});
