/** What options for the URL of a webhook have in common. */
export const urlOrNone = {
  default: "",
  defaultText: "none",
  placeholder: "URL",
  range: "an http: or https: URL without user and password, or empty for none",
  form: /^(?:|https?:\/\/[^\s/?#@]{1,255}(?:[/?#]\S{0,2000})?)$/,
} as const;

/** What options for the secret that signs what is sent there have in common. */
export const signingSecretOrNone = {
  default: "",
  defaultText: "none",
  placeholder: "SECRET",
  range: "16 to 256 visible ASCII characters, or empty for none",
  form: /^(?:|[!-~]{16,256})$/,
  secret: true,
} as const;
