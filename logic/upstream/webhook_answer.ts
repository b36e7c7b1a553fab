import { Buffer } from "node:buffer";
import { jsonMember, parseJsonObject } from "../../protocol/json_object.ts";
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
  const { refuse, body, body_base64: base64 } = members;
  const given = [refuse, body, base64].filter((member) => (member ?? null) !== null);
  if (given.length > 1) {
    throw new TypeError("it answered more than one of refuse, body, body_base64");
  }
  if (given.length === 0) return {};
  if ((refuse ?? null) !== null) return checkRefusal({ refuse: refuse as string });
  if ((base64 ?? null) !== null) return { replace: checkBody("body_base64", fromBase64(base64)) };
  // Text as its UTF-8, other JSON as it was written.
  return { replace: checkBody("body", typeof body === "string" ? body : jsonMember(text, "body")) };
}

function fromBase64(text: unknown): Uint8Array {
  try {
    return Uint8Array.fromBase64(text as string);
  } catch {
    throw new TypeError("body_base64 must be base64");
  }
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
