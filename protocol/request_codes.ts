/** Codes of answers to clients' requests. */
export const RequestCode = {
  done: 0,
  badRequest: -400,
  refused: -403,
  noHistory: -404,
  limit: -429,
  failed: -500,
} as const;
