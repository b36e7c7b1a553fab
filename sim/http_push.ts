import type { SendPush } from "./pusher.ts";

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 10_000;

/** Where pushes go. */
export interface PushTarget {
  /** The HTTP API. */
  readonly api: string;
  /** Empty for none. */
  readonly apiKey: string;
}

async function post({ api, apiKey }: PushTarget, path: string, body: Uint8Array): Promise<boolean> {
  const headers: Record<string, string> = apiKey === ""
    ? {}
    : { authorization: `Bearer ${apiKey}` };
  const signal = AbortSignal.timeout(ANSWER_MS);
  const init = { method: "POST", body: body as BodyInit, headers, signal };
  const answer: { code: number } = await (await fetch(api + path, init)).json();
  return answer.code === 0;
}

/** Pushes to rooms over the HTTP API. */
export function httpPush(target: PushTarget): SendPush {
  return (room, body) => post(target, `/goim/push/room?operation=1000&type=sim&room=${room}`, body);
}

/** Pushes that clients take and do not look at, to some of them alone. */
export function pushBulk(
  target: PushTarget,
  clients: readonly number[],
  bytes: number,
): Promise<boolean> {
  const keys = clients.map((client) => `keys=sim-${client}`).join("&");
  return post(target, `/goim/push/keys?operation=1001&${keys}`, new Uint8Array(bytes));
}
