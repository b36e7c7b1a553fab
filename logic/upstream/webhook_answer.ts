import { Buffer } from "node:buffer";
import { readBody } from "../../protocol/json_body.ts";
import { parseJsonObject } from "../../protocol/json_object.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { checkBody, checkRefusal, type Verdict } from "../hook_answers.ts";

/** Largest answer of an application, in bytes. */
export const WEBHOOK_ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Reads what an application answered with a 2xx. Null is as good as missing, and members that are
 * not known are ignored.
 *
 * @throws {TypeError} When it is no answer.
 */
export function readVerdict(bytes: Uint8Array): Verdict {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new TypeError("it answered no UTF-8");
  if (text.trim() === "") return {};
  const members = parseJsonObject(text);
  if (members === undefined) throw new TypeError("it answered no JSON object");
  const refuse = members.refuse ?? undefined;
  const body = readBody(text, members);
  if (body === undefined) {
    return refuse === undefined ? {} : checkRefusal({ refuse: refuse as string });
  }
  if (refuse !== undefined) throw new TypeError("it answered both refuse and a body");
  if ("wrong" in body) throw new TypeError(body.wrong);
  return { replace: checkBody("body", body) };
}

/**
 * Reads the body of a response.
 *
 * @throws {TypeError} When it is longer than {@linkcode WEBHOOK_ANSWER_BYTES_MAX}: then the rest is
 * not read.
 */
export async function readAnswer({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > WEBHOOK_ANSWER_BYTES_MAX) {
      throw new TypeError(`it answered more than ${WEBHOOK_ANSWER_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
