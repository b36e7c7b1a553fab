import { getLogger } from "@logtape/logtape";
import type { MiddlewareHandler } from "hono";
import { clientAddress } from "../../protocol/http/client_address.ts";
import type { Networks } from "../../protocol/networks.ts";
import type { HttpEnv } from "./monitoring.ts";

/** Most characters of what was asked that are logged. */
const ASKED_CHARS_MAX = 500;

const logger = getLogger(["halley", "audit"]);

/**
 * Logs each call, done or refused, once it is answered: whose key and address, what was asked, and
 * the answer. What is cut off is only ever the end of a long list of whom it was about.
 *
 * @param proxies Who is believed what they say of the caller's address.
 */
export function audited(proxies: Networks): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    await next();
    const { name } = c.var.caller;
    const asked = await c.req.text();
    logger.info("admin call", {
      call: c.req.path,
      key: name,
      address: clientAddress((name) => c.req.header(name), c.env.remoteAddress, proxies),
      asked: asked.length > ASKED_CHARS_MAX ? `${asked.slice(0, ASKED_CHARS_MAX)}…` : asked,
      answer: await c.res.clone().text(),
    });
  };
}
