/**
 * A program that embeds Halley: its own table of users, a room that not all may join, and messages
 * that it looks at before their room sees them.
 */
import process from "node:process";
import { startServer } from "../mod.ts";

const users = new Map([["alice's token", { mid: 1n, isStaff: true }], ["bob's token", {
  mid: 2n,
  isStaff: false,
}]]);
const staff = new Set([...users.values()].filter(({ isStaff }) => isStaff).map(({ mid }) => mid));
const anyPort = { hostname: "127.0.0.1", port: 0 };

const server = await startServer({
  tcp: anyPort,
  ws: anyPort,
  http: anyPort,
  rooms: [{ type: "live", upstream: "publish" }],
  hooks: {
    authenticate({ token }) {
      const user = users.get(new TextDecoder().decode(token));
      if (user === undefined) return { refuse: "nobody has this token" };
      return { mid: user.mid, room: "live://lobby", accepts: [1000] };
    },
    authorizeJoin: ({ mid }, room) => room !== "live://staff" || staff.has(mid),
    async message({ mid }, room, { body }) {
      const text = new TextDecoder().decode(body);
      if (text === "") return { refuse: "say something" };
      if (text === "how many?") return { reply: `${await server.online(room)} in ${room}` };
      return { replace: `${mid}: ${text}` };
    },
    disconnected: ({ mid }) => console.log(`${mid} has gone`),
  },
});
console.log(`listening on ${server.tcp.port}`);
process.once("SIGTERM", () => void server.close());
