import { AUTH_HEADERS_MAX } from "../../comet/transport/auth_headers.ts";
import { options } from "./options.ts";
import type { Config, Field } from "./schema.ts";

/** Options that have no effect without another way of auth than goim's. */
const fieldsOf = {
  jwt: ["jwtSecret", "jwtKeyFile", "jwks", "jwtIssuer", "jwtAudience", "jwtToleranceMs"],
  webhook: [
    "authWebhookUrl",
    "authWebhookSecret",
    "authWebhookMs",
    "authWebhookCacheMs",
    "authWebhookFallback",
  ],
} as const satisfies Record<string, readonly Field[]>;

/**
 * What must hold between the options of auth.
 *
 * @param hasLogic Whether it is here that is decided who clients are.
 */
export function authRelations(config: Config, hasLogic: boolean): string[] {
  const { length } = config.authWebhookHeaders;
  const headers = length <= AUTH_HEADERS_MAX ? [] : [
    `${options.authWebhookHeaders.name}: there must be at most ${AUTH_HEADERS_MAX}, ` +
    `current number is ${length}`,
  ];
  return hasLogic ? [...headers, ...ways(config)] : headers;
}

/** What the ways of auth cannot do without, and what is given for another way. */
function ways(config: Config): string[] {
  const { auth, demo } = config;
  const mistakes = Object.entries(fieldsOf).filter(([mode]) => mode !== auth).flatMap(
    ([mode, fields]) =>
      fields.filter((field) => isSet(config, field)).map((field) =>
        `${options[field].name} needs auth = "${mode}", current value is "${auth}"`
      ),
  );
  if (auth !== "goim" && demo === "on") {
    mistakes.push(`demo = "on" needs auth = "goim": its page says itself who people are`);
  }
  if (auth === "jwt") mistakes.push(...jwt(config));
  if (auth === "webhook") mistakes.push(...webhook(config));
  return mistakes;
}

function isSet(config: Config, field: Field): boolean {
  return JSON.stringify(config[field]) !== JSON.stringify(options[field].default);
}

function jwt({ jwtSecret, jwtKeyFile, jwks }: Config): string[] {
  const names = [options.jwtSecret, options.jwtKeyFile, options.jwks].map(({ name }) => name);
  const given = names.filter((_, index) => [jwtSecret, jwtKeyFile, jwks][index] !== "");
  if (given.length !== 1) {
    const current = given.length === 0 ? "none" : given.join(" and ");
    return [`auth = "jwt" needs one of ${names.join(", ")}, current is ${current}`];
  }
  return isUrl(jwks) && !URL.canParse(jwks) ? [`jwks = "${jwks}": it is no URL`] : [];
}

function webhook({ authWebhookUrl, authWebhookSecret }: Config): string[] {
  const { authWebhookUrl: url, authWebhookSecret: secret } = options;
  const mistakes: string[] = [];
  if (authWebhookUrl === "") {
    mistakes.push(`auth = "webhook" needs ${url.name} to be set`);
  } else if (!URL.canParse(authWebhookUrl)) {
    mistakes.push(`${url.name} = "${authWebhookUrl}": it is no URL`);
  }
  if (authWebhookSecret === "") {
    mistakes.push(`${secret.name} must be set: by it the application knows who calls`);
  }
  return mistakes;
}

/** Whether keys are at a URL, not in a file. */
export function isUrl(jwks: string): boolean {
  return /^https?:/.test(jwks);
}
