import { getLogger } from "@logtape/logtape";
import type { MiddlewareHandler } from "hono";
import { clientAddress } from "../../protocol/http/client_address.ts";
import { Limits } from "../../protocol/limits.ts";
import type { Networks } from "../../protocol/networks.ts";
import type { HttpEnv } from "./monitoring.ts";

/** Most characters that are logged of what somebody asked who may not, and who could fill the log. */
const REFUSED_CHARS_MAX = 500;

const logger = getLogger(["halley", "audit"]);

/**
 * Logs each call, done or refused, once it is answered: whose key and address, what was asked, and
 * the answer. What was done stands there whole, or something long could hide it.
 *
 * @param proxies Who is believed what they say of the caller's address.
 */
export function audited(proxies: Networks): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    await next();
    const { name } = c.var.caller;
    const asked = await c.req.text();
    const charsMax = c.res.status === 200 ? Limits.adminRequestBytesMax : REFUSED_CHARS_MAX;
    logger.info("admin call", {
      call: c.req.path,
      key: name,
      address: clientAddress((name) => c.req.header(name), c.env.remoteAddress, proxies),
      asked: asked.length > charsMax ? `${asked.slice(0, charsMax)}…` : asked,
      answer: await c.res.clone().text(),
    });
  };
}
