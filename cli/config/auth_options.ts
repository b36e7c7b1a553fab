import { choice, duration, inSection, list, text } from "../../options/kinds.ts";
import { signingSecretOrNone, urlOrNone } from "./webhook_kinds.ts";

/** Options of who clients are, and of how they show it. */
export const authOptions = inSection("auth", {
  auth: choice({
    name: "auth",
    default: "goim",
    words: ["goim", "jwt", "webhook"],
    text: "How clients say who they are: as they like, as goim has it; by a signed JWT; or by " +
      "what auth-webhook-url makes of their token",
  }),
  jwtSecret: text({
    name: "jwt-secret",
    default: "",
    defaultText: "none",
    placeholder: "SECRET",
    range: "32 to 1000 visible ASCII characters, or empty for none",
    form: /^(?:|[!-~]{32,1000})$/,
    secret: true,
    text: "What tokens are signed with by HS256; whoever has it can make some",
  }),
  jwtKeyFile: text({
    name: "jwt-key-file",
    default: "",
    defaultText: "none",
    placeholder: "FILE",
    range: "a path",
    form: /^/,
    text: "PEM file with the public key or certificate of whom makes tokens: RSA (RS256), " +
      "EC with P-256 (ES256), or Ed25519 (EdDSA)",
  }),
  jwks: text({
    name: "jwks",
    default: "",
    defaultText: "none",
    placeholder: "FILE|URL",
    range: "a path, or an http: or https: URL without user and password",
    form: /^(?:|(?!https?:)[^\s].*|https?:\/\/[^\s/?#@]{1,255}(?:[/?#]\S{0,2000})?)$/,
    text:
      "JWKS with such keys; one at a URL is asked for again every 10 minutes, and at once for " +
      "a key that is new",
  }),
  jwtIssuer: text({
    name: "jwt-issuer",
    default: "",
    defaultText: "any",
    placeholder: "TEXT",
    range: "text of at most 1000 characters",
    form: /^.{0,1000}$/,
    text: "What iss of a token must be",
  }),
  jwtAudience: text({
    name: "jwt-audience",
    default: "",
    defaultText: "any",
    placeholder: "TEXT",
    range: "text of at most 1000 characters",
    form: /^.{0,1000}$/,
    text: "What aud of a token must be, or have among others",
  }),
  jwtToleranceMs: duration({
    name: "jwt-tolerance",
    default: 5_000,
    minMs: 0,
    maxMs: 300_000,
    text:
      "How far the clocks of those who make tokens may differ: exp, nbf and iat count so much " +
      "later or earlier",
  }),
  authWebhookUrl: text({
    name: "auth-webhook-url",
    ...urlOrNone,
    text: "Where the application is asked who a client is",
  }),
  authWebhookSecret: text({
    name: "auth-webhook-secret",
    ...signingSecretOrNone,
    text: "Signs what is sent to auth-webhook-url, so that the application knows whose it is",
  }),
  authWebhookMs: duration({
    name: "auth-webhook-timeout",
    default: 2_000,
    minMs: 10,
    maxMs: 4_000,
    text: "How long an answer of auth-webhook-url may take; then auth-webhook-fallback holds",
  }),
  authWebhookHeaders: list({
    name: "auth-webhook-headers",
    default: [],
    placeholder: "NAME,...",
    range: "names of at most 16 HTTP headers, with commas between them",
    form: /^[!#$%&'*+.^`|~\w-]{1,64}$/,
    text: "Headers of a client's WebSocket upgrade that the application is told, such as cookie, " +
      "also where it is a hook; set it for comets too",
  }),
  authWebhookCacheMs: duration({
    name: "auth-webhook-cache",
    default: 10_000,
    minMs: 0,
    maxMs: 300_000,
    text: "How long an answer that lets a client in counts for the same token, headers and " +
      "address; 0s for not at all",
  }),
  authWebhookFallback: choice({
    name: "auth-webhook-fallback",
    default: "refuse",
    words: ["refuse", "cached"],
    text: "Who gets in when auth-webhook-url fails: nobody, who is told to come back; or whoever " +
      "it let in within the last 5 minutes by the same token, headers and address",
  }),
});
