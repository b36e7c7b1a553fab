import { excerpt } from "../../protocol/excerpt.ts";
import { Limits } from "../../protocol/limits.ts";
import { BadRequest } from "../bad_request.ts";

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/** The parameters of a call. Of one that is repeated where one is meant, the first counts. */
export class Query {
  readonly #params: URLSearchParams;

  /**
   * @param url The URL of the request.
   * @throws {BadRequest} When the query is not percent-encoded UTF-8.
   */
  constructor(url: string) {
    const search = url.slice((url.indexOf("?") + 1) || url.length);
    try {
      // URLSearchParams would put U+FFFD for what it cannot decode, and push to the wrong room.
      decodeURIComponent(search);
    } catch {
      throw new BadRequest("query must be percent-encoded UTF-8");
    }
    this.#params = new URLSearchParams(search);
  }

  /** Text that must be there and not be empty. */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === "") throw new BadRequest(`${name} is missing`);
    return value;
  }

  /** Text that may be missing; it is empty then. */
  optionalText(name: string): string {
    return this.#params.get(name) ?? "";
  }

  /**
   * An integer of at most 32 bits.
   *
   * @param min The least that it may be.
   * @param missing What it is when it is missing; without this it must be there.
   */
  int32(name: string, min = INT32_MIN, missing?: number): number {
    const value = this.optionalText(name);
    if (value === "" && missing !== undefined) return missing;
    const text = this.text(name);
    const number = Number(text);
    if (/^-?\d{1,10}$/.test(text) && number >= min && number <= INT32_MAX) return number;
    throw wrong(name, `an integer, ${min} to ${INT32_MAX}`, text);
  }

  /** Text that may be missing, which is undefined then. */
  given(name: string): string | undefined {
    return this.#params.get(name) ?? undefined;
  }

  /** An integer that may be missing, at most 53 bits long. */
  integer(name: string): number | undefined {
    const text = this.given(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^-?\d{1,16}$/.test(text) && Number.isSafeInteger(number)) return number;
    throw wrong(name, "an integer of at most 53 bits", text);
  }

  /** A parameter that is given once or more often. */
  list(name: string): readonly string[] {
    const values = this.#params.getAll(name);
    if (values.length === 0) throw new BadRequest(`${name} is missing`);
    if (values.length <= Limits.pushTargetsMax) return values;
    throw new BadRequest(
      `${name} must be at most ${Limits.pushTargetsMax}, current number is ${values.length}`,
    );
  }

  /** An int64 that is given once or more often. */
  int64s(name: string): readonly bigint[] {
    return this.list(name).map((text) => int64(name, text));
  }
}

/**
 * Reads an int64, exactly over all of its range.
 *
 * @throws {BadRequest} When it is none.
 */
export function int64(name: string, text: string): bigint {
  if (/^-?\d{1,19}$/.test(text)) {
    const number = BigInt(text);
    if (BigInt.asIntN(64, number) === number) return number;
  }
  throw wrong(name, "an int64", text);
}

function wrong(name: string, expected: string, text: string): BadRequest {
  return new BadRequest(`${name} must be ${expected}, current value is "${excerpt(text)}"`);
}
