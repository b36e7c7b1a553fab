import { excerpt } from "../../protocol/excerpt.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import { isCount } from "../../protocol/history_query.ts";
import { isInt32 } from "../../protocol/int32.ts";
import { jsonMember, parseJsonObject } from "../../protocol/json_object.ts";
import { Limits } from "../../protocol/limits.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { BadRequest } from "../bad_request.ts";
import type { Logic } from "../logic.ts";
import type { Push } from "../push.ts";
import { mediaMsForm } from "../push_options.ts";
import { ok } from "./answers.ts";
import { bodyOf, type Call } from "./calls.ts";
import { int64 } from "./query.ts";

/** Whom a push may be for; a call names exactly one. */
const TARGETS = ["keys", "mids", "room", "all"] as const;

const encoder = new TextEncoder();

/** `POST /v1/push`: a push whose parameters are JSON, so that its targets may be many. */
export function pushCall({ push }: Logic): Call {
  return {
    method: "POST",
    path: "/v1/push",
    async answer({ request }) {
      const bytes = await bodyOf(request);
      return ok(await new PushRequest(decodeUtf8(bytes) ?? "").send(push));
    },
  };
}

/** A reviver of `JSON.parse` that leaves numbers as they were written. */
function numberText(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" ? context!.source : value;
}

/** A push as JSON has it. */
class PushRequest {
  readonly #members: Readonly<Record<string, unknown>>;

  /** @param text What must be a JSON object. */
  constructor(private readonly text: string) {
    const members = parseJsonObject(text);
    if (members === undefined) throw new BadRequest("body must be a JSON object in UTF-8");
    this.#members = members;
  }

  /**
   * @returns For a push to a room that keeps history, its place there.
   * @throws {BadRequest} When a member is missing or wrong.
   */
  send(push: Push): Promise<StreamPosition | void> {
    const targets = TARGETS.filter((name) => this.#has(name));
    if (targets.length !== 1) {
      throw new BadRequest(
        `one of ${TARGETS.join(", ")} must be given, current number is ${targets.length}`,
      );
    }
    const operation = this.#int32("operation");
    const body = this.#body();
    const id = this.#id();
    if (this.#has("media_ms") && targets[0] !== "room") {
      throw new BadRequest("media_ms must be given with room alone");
    }
    switch (targets[0]) {
      case "keys":
        return push.keys(operation, this.#list("keys").map((key) => this.#key(key)), body, { id });
      case "mids":
        return push.mids(operation, this.#mids(), body, { id });
      case "room":
        return push.roomByKey(operation, this.#text("room"), body, {
          id,
          mediaMs: this.#mediaMs(),
        });
      case "all": {
        if (this.#members.all !== true) throw this.#wrong("all", "true");
        return push.all(operation, this.#has("speed") ? this.#int32("speed") : 0, body, { id });
      }
    }
  }

  /** Null is as good as missing. */
  #has(name: string): boolean {
    return (this.#members[name] ?? null) !== null;
  }

  #int32(name: string): number {
    const value = this.#members[name];
    if (isInt32(value)) return value;
    if (!this.#has(name)) throw new BadRequest(`${name} is missing`);
    throw this.#wrong(name, "an int32");
  }

  #text(name: string): string {
    const value = this.#members[name];
    if (typeof value === "string") return value.toWellFormed();
    throw this.#wrong(name, "text");
  }

  #id(): string | undefined {
    const { id } = this.#members;
    if (!this.#has("id")) return undefined;
    if (typeof id === "string") return id;
    throw this.#wrong("id", "text");
  }

  #mediaMs(): number | undefined {
    const { media_ms: mediaMs } = this.#members;
    if (!this.#has("media_ms")) return undefined;
    if (isCount(mediaMs)) return mediaMs;
    throw this.#wrong("media_ms", mediaMsForm);
  }

  #list(name: "keys" | "mids"): readonly unknown[] {
    const value = this.#members[name];
    const isFit = Array.isArray(value) && value.length > 0 && value.length <= Limits.pushTargetsMax;
    if (isFit) return value;
    throw this.#wrong(name, `a list of 1 to ${Limits.pushTargetsMax}`);
  }

  /** Well-formed as the keys of tokens are, or it would be nobody's. */
  #key(key: unknown): string {
    if (typeof key === "string") return key.toWellFormed();
    throw this.#wrong("keys", "a list of text");
  }

  /** A number is read from its text: as a JavaScript number it is exact only up to 2^53. */
  #mids(): readonly bigint[] {
    const isFit = this.#list("mids").every((mid) =>
      typeof mid === "string" || typeof mid === "number"
    );
    if (!isFit) throw this.#wrong("mids", "a list of int64");
    const texts: readonly string[] = JSON.parse(jsonMember(this.text, "mids")!, numberText);
    return texts.map((text) => int64("mids", text));
  }

  /** Text as its UTF-8, other JSON as it was written; none is empty. */
  #body(): Uint8Array {
    const { body, body_base64: base64 } = this.#members;
    if (!this.#has("body_base64")) {
      if (!this.#has("body")) return encoder.encode("");
      return encoder.encode(typeof body === "string" ? body : jsonMember(this.text, "body"));
    }
    if (this.#has("body")) throw new BadRequest("body and body_base64 must not both be given");
    try {
      return Uint8Array.fromBase64(base64 as string);
    } catch {
      throw this.#wrong("body_base64", "base64");
    }
  }

  #wrong(name: string, expected: string): BadRequest {
    const value = excerpt(JSON.stringify(this.#members[name]));
    return new BadRequest(`${name} must be ${expected}, current value is ${value}`);
  }
}
