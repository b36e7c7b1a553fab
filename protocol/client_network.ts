/**
 * What limits by address count as one client: an IPv4 address, or the /64 network of an IPv6
 * address, any address of which whoever has the network can take.
 *
 * @param address As a socket or a proxy says it; anything else, such as `unix`, stands for itself.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  // IPv4 in its IPv6 form.
  if (address.includes(".")) return address.slice(address.lastIndexOf(":") + 1);
  const [before, after] = address.split("::");
  const groups = before === "" ? [] : before.split(":");
  if (after !== undefined) {
    const behind = after === "" ? 0 : after.split(":").length;
    while (groups.length < 8 - behind) groups.push("0");
  }
  return groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":") + "::/64";
}
