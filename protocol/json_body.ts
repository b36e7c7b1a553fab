import { excerpt } from "./excerpt.ts";
import { jsonMember } from "./json_object.ts";
import { decodeUtf8 } from "./utf8.ts";

const encoder = new TextEncoder();

/**
 * A body as JSON text: that JSON as it is where it is JSON text, a string where it is other text.
 *
 * @returns Nothing when it is not UTF-8.
 */
export function jsonOfBody(body: Uint8Array): string | undefined {
  const text = decodeUtf8(body);
  if (text === undefined) return undefined;
  return isJson(text) ? text : JSON.stringify(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A body as a member of a JSON object, whose name ends in `_base64` where the body is no text. */
export function bodyMember(name: string, body: Uint8Array): string {
  const json = jsonOfBody(body);
  return json === undefined ? `"${name}_base64":"${body.toBase64()}"` : `"${name}":${json}`;
}

/**
 * Reads the body of a message from a JSON object: its member `body`, text as its UTF-8 and other
 * JSON as it was written, or the bytes of `body_base64`. Null is as good as missing.
 *
 * @param object Text of the object, of which `members` are those.
 * @returns Nothing when there is none, or what is wrong with it, in words.
 */
export function readBody(
  object: string,
  members: Readonly<Record<string, unknown>>,
): Uint8Array | { readonly wrong: string } | undefined {
  const body = members.body ?? undefined;
  const base64 = members.body_base64 ?? undefined;
  if (base64 === undefined) {
    if (body === undefined) return undefined;
    return encoder.encode(typeof body === "string" ? body : jsonMember(object, "body"));
  }
  if (body !== undefined) return { wrong: "body and body_base64 must not both be given" };
  try {
    return Uint8Array.fromBase64(base64 as string);
  } catch {
    const value = excerpt(JSON.stringify(base64));
    return { wrong: `body_base64 must be base64, current value is ${value}` };
  }
}
