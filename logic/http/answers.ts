/** Codes of the answers, as goim has them. */
export const Code = {
  ok: 0,
  badRequest: -400,
  unauthorized: -401,
  forbidden: -403,
  notFound: -404,
  methodNotAllowed: -405,
  tooMany: -429,
  fault: -500,
  notReady: -503,
} as const;
export type Code = typeof Code[keyof typeof Code];

/** What every call is answered with; `data` is left out where there is none. */
export interface Answer {
  readonly code: Code;
  readonly message: string;
  readonly data?: unknown;
}

/** An {@linkcode Answer} that is written already, for JSON that must stay as it came. */
export type JsonText = string;

/** The answer to a call that went well. */
export function ok(data?: unknown): Answer {
  // `undefined` does not become JSON: the member is left out.
  return { code: Code.ok, message: "", data };
}

/** The answer to a call that did not. */
export function failure(code: Code, message: string): Answer {
  return { code, message };
}
