// A program for Node: asks the HTTP API of its argument for a server, and prints what is said in a room.
import process from "node:process";
import { connect } from "../../client/mod.ts";

const client = connect(process.argv[2], { token: { mid: 1 } });
client.join("live://1").on("message", ({ body }) => {
  console.log(body);
  client.close();
});
