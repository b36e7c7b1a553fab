import { excerpt } from "../../protocol/excerpt.ts";
import { EMPTY } from "../../protocol/frame.ts";
import { isCount } from "../../protocol/history_query.ts";
import { isInt32 } from "../../protocol/int32.ts";
import { readBody } from "../../protocol/json_body.ts";
import { jsonMember, parseJsonObject } from "../../protocol/json_object.ts";
import { Limits } from "../../protocol/limits.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { BadRequest } from "../bad_request.ts";
import type { CallRequest } from "./calls.ts";
import { int64 } from "./query.ts";

/** A reviver of `JSON.parse` that leaves numbers as they were written. */
function numberText(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" ? context!.source : value;
}

/** The parameters of a call that has them as a JSON object; null is as good as missing. */
export class JsonRequest {
  readonly #json: string;
  readonly #members: Readonly<Record<string, unknown>>;

  /** @param json What must be a JSON object. */
  constructor(json: string) {
    const members = parseJsonObject(json);
    if (members === undefined) throw new BadRequest("body must be a JSON object in UTF-8");
    this.#json = json;
    this.#members = members;
  }

  /**
   * Reads the body of a request.
   *
   * @throws {BadRequest} When it is no JSON object.
   */
  static async of(request: Pick<CallRequest, "body">): Promise<JsonRequest> {
    return new JsonRequest(decodeUtf8(await request.body()) ?? "");
  }

  /** Whether it names nothing at all. */
  get isEmpty(): boolean {
    return Object.keys(this.#members).length === 0;
  }

  has(name: string): boolean {
    return (this.#members[name] ?? null) !== null;
  }

  /** What a member is; nothing when it is missing. */
  value(name: string): unknown {
    return this.#members[name] ?? undefined;
  }

  /** What a member is that must be there. */
  given(name: string): unknown {
    if (this.has(name)) return this.#members[name];
    throw new BadRequest(`${name} is missing`);
  }

  /** A member as it was written, which is there. */
  #source(name: string): string {
    return jsonMember(this.#json, name)!;
  }

  int32(name: string): number {
    const value = this.given(name);
    if (isInt32(value)) return value;
    throw this.wrong(name, "an int32");
  }

  boolean(name: string): boolean {
    const value = this.given(name);
    if (typeof value === "boolean") return value;
    throw this.wrong(name, "true or false");
  }

  /** Which of some members there is; there must be exactly one. */
  oneOf<const Name extends string>(...names: readonly Name[]): Name {
    const given = names.filter((name) => this.has(name));
    if (given.length === 1) return given[0];
    throw new BadRequest(
      `one of ${names.join(", ")} must be given, current number is ${given.length}`,
    );
  }

  /** An integer from 0, at most 53 bits long. */
  count(name: string, form: string): number {
    const value = this.given(name);
    if (isCount(value)) return value;
    throw this.wrong(name, form);
  }

  /** Text, in which half of a surrogate pair becomes U+FFFD, as everywhere. */
  text(name: string): string {
    const value = this.given(name);
    if (typeof value === "string") return value.toWellFormed();
    throw this.wrong(name, "text");
  }

  list(name: string): readonly unknown[] {
    const value = this.#members[name];
    const isFit = Array.isArray(value) && value.length > 0 && value.length <= Limits.pushTargetsMax;
    if (isFit) return value;
    throw this.wrong(name, `a list of 1 to ${Limits.pushTargetsMax}`);
  }

  /** Several texts, each as for {@linkcode JsonRequest.text}. */
  texts(name: string): readonly string[] {
    return this.list(name).map((value) => {
      if (typeof value === "string") return value.toWellFormed();
      throw this.wrong(name, "a list of text");
    });
  }

  /** A number is read from its text: as a JavaScript number it is exact only up to 2^53. */
  int64(name: string): bigint {
    const value = this.given(name);
    if (typeof value === "string") return int64(name, value);
    if (typeof value === "number") return int64(name, this.#source(name));
    throw this.wrong(name, "an int64");
  }

  /** Several, each as for {@linkcode JsonRequest.int64}. */
  int64s(name: string): readonly bigint[] {
    const isFit = this.list(name).every((value) =>
      typeof value === "string" || typeof value === "number"
    );
    if (!isFit) throw this.wrong(name, "a list of int64");
    const texts: readonly string[] = JSON.parse(this.#source(name), numberText);
    return texts.map((text) => int64(name, text));
  }

  /** The body of a message; empty without one. */
  body(): Uint8Array {
    const body = readBody(this.#json, this.#members) ?? EMPTY;
    if ("wrong" in body) throw new BadRequest(body.wrong);
    return body;
  }

  wrong(name: string, expected: string): BadRequest {
    const value = excerpt(JSON.stringify(this.#members[name]));
    return new BadRequest(`${name} must be ${expected}, current value is ${value}`);
  }
}
