import { getLogger } from "@logtape/logtape";
import type { MiddlewareHandler } from "hono";
import { Limits } from "../../protocol/limits.ts";
import type { HttpEnv } from "./monitoring.ts";

/** Most characters that are logged of what somebody asked who may not, and who could fill the log. */
const REFUSED_CHARS_MAX = 500;

const logger = getLogger(["halley", "audit"]);

/**
 * Logs each call, done or refused, once it is answered: whose key and address, what was asked, and
 * the answer. What was done stands there whole, or something long could hide it.
 */
export const audited: MiddlewareHandler<HttpEnv> = async (c, next) => {
  await next();
  const { caller, address } = c.var;
  const asked = await c.req.text();
  const charsMax = c.res.status === 200 ? Limits.adminRequestBytesMax : REFUSED_CHARS_MAX;
  logger.info("admin call", {
    call: c.req.path,
    key: caller.name,
    address,
    asked: asked.length > charsMax ? `${asked.slice(0, charsMax)}…` : asked,
    answer: await c.res.clone().text(),
  });
};
