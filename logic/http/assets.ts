import type { Env, Hono } from "hono";
import { etag, RETAINED_304_HEADERS } from "hono/etag";

/** A file that anybody may read, without the API key. */
export interface Asset {
  /** Where it is served. */
  readonly path: string;
  readonly type: string;
  readonly text: string;
  /** Whether it is served by the names alone that calls are answered by, and not by every one. */
  readonly isOwnHost?: boolean;
  /** Header fields beside those of every asset. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a page of another site reads again without its bytes. */
const retainedHeaders = [...RETAINED_304_HEADERS, "access-control-allow-origin"];

/** Has an app serve files; browsers ask each time whether theirs is the present one. */
export function serveAssets<E extends Env>(app: Hono<E>, assets: readonly Asset[]): void {
  for (const { path, type, text, headers } of assets) {
    app.get(path, etag({ retainedHeaders }), (c) =>
      c.body(text, 200, {
        "content-type": type,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        ...headers,
      }));
  }
}
