import { secretEquals } from "../../base/secret_equals.ts";

/**
 * Makes the check of an API key, which a caller shows as `Authorization: Bearer KEY` or as
 * `X-API-Key: KEY`. It takes the same time however much of a wrong key is right.
 *
 * @param apiKey The key; empty lets everyone through.
 * @returns Whether a request with these headers may pass.
 */
export function apiKeyCheck(apiKey: string): (headers: Headers) => boolean {
  if (apiKey === "") return () => true;
  return (headers) => {
    const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    const shown = bearer ?? headers.get("x-api-key");
    return typeof shown === "string" && secretEquals(shown, apiKey);
  };
}
