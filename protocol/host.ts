/** A name or address and perhaps a port (RFC 3986 section 3.2, without user information). */
const HOST = /^(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+;=-]|%[\da-f]{2})+)(?::\d*)?$/i;

/** Whether a Host field has the form that HTTP gives it. */
export function isHostField(host: string): boolean {
  return HOST.test(host) && (!host.startsWith("[") || URL.canParse(`http://${host}`));
}

/**
 * The name or address that a Host field names.
 *
 * @param host As it was sent, with or without a port.
 * @returns It in the form that browsers give it: in lowercase, IPv6 without brackets; undefined when
 * `host` names none.
 */
export function hostnameOf(host: string): string | undefined {
  if (!isHostField(host)) return undefined;
  return bare(URL.parse(`http://${host}`));
}

/** The name or address of the page that an Origin field names, or undefined for `null`. */
export function originHostname(origin: string): string | undefined {
  return bare(URL.parse(origin));
}

/** Whether an Origin field names the host that a Host field does: same name and same port. */
export function isSameHost(origin: string, host: string): boolean {
  const page = URL.parse(origin);
  // The page's scheme says which port is left out.
  return page !== null && page.host !== "" && isHostField(host) &&
    URL.parse(`${page.protocol}//${host}`)?.host === page.host;
}

/** Whether only this machine reaches the host. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function bare(url: URL | null): string | undefined {
  return url?.hostname.replace(/^\[|\]$/g, "") || undefined;
}
