/**
 * A peer's IP address in the one form that it has wherever it is counted, compared and logged: a
 * socket that takes IPv6 and IPv4 has the latter's as `::ffff:10.1.2.3`.
 */
export function peerAddress(address: string): string {
  const isMapped = address.startsWith("::ffff:") && address.includes(".");
  return isMapped ? address.slice("::ffff:".length) : address;
}
