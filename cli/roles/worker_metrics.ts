import { EMPTY } from "../../protocol/frame.ts";
import type { RpcLink } from "../../rpc/link.ts";
import type { Metrics } from "../metrics.ts";

/** The method by which a parent asks a worker what it counts. */
export const METRICS_METHOD = 40;

/** How long a worker may take, in milliseconds. */
const ANSWER_MS = 500;

/** What a worker answers. */
export async function metricsAnswer(metrics: Metrics): Promise<Uint8Array> {
  return new TextEncoder().encode(JSON.stringify(await metrics.numbers()));
}

/** Asks workers what they count; one that does not answer in time counts nothing. */
export async function askMetrics(links: Iterable<Pick<RpcLink, "call">>): Promise<object[]> {
  const answers = await Promise.allSettled(
    [...links].map((link) => link.call(METRICS_METHOD, EMPTY, ANSWER_MS)),
  );
  return answers.flatMap((answer) =>
    answer.status === "rejected" ? [] : [JSON.parse(new TextDecoder().decode(answer.value))]
  );
}
