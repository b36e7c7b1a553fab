import assert from "node:assert/strict";
import { test } from "node:test";
import { upgradeRequest } from "../../client/stream.ts";
import type { AuthRequest } from "../../logic/hooks.ts";
import { Opcode } from "../../protocol/websocket/opcode.ts";
import { RawClient, rawFrame, within } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";
import { clientFrame } from "../support/websocket_frames.ts";

test("a program's authenticate hook gets the headers of the upgrade that are named", async () => {
  const { promise, resolve } = Promise.withResolvers<AuthRequest>();
  const hooks = {
    authenticate(request: AuthRequest) {
      resolve(request);
      return { mid: 1n };
    },
  };
  const options = { hooks, authWebhookHeaders: ["Cookie", "X-Team"] };
  await withServer(options, async ({ wsPort }) => {
    const client = await RawClient.connect(wsPort);
    const upgrade = new TextDecoder().decode(upgradeRequest());
    client.socket.write(
      upgrade.replace("\r\n\r\n", "\r\ncookie: session=1\r\nx-other: no\r\n\r\n"),
    );
    client.socket.write(clientFrame(Opcode.binary, rawFrame(7, 1, "a token")));
    const { headers, token } = await within("the hook", promise);
    assert.deepEqual(headers, { cookie: "session=1" });
    assert.equal(new TextDecoder().decode(token), "a token");
    client.close();
  });
});
