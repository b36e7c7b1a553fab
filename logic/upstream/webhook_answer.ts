import { readBody } from "../../protocol/json_body.ts";
import { parseJsonObject } from "../../protocol/json_object.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { checkBody, checkRefusal, type Verdict } from "../hook_answers.ts";

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
