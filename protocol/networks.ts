import { BlockList, isIP } from "node:net";

/** Whether text is a network in CIDR notation, such as `10.1.0.0/16`, or one IP address. */
export function isNetwork(text: string): boolean {
  return parse(text) !== undefined;
}

/** Networks, of which an address is in one or in none. */
export class Networks {
  #list!: BlockList;
  #isEmpty!: boolean;

  /**
   * @param networks Each in CIDR notation, or one IP address.
   * @throws {Error} When one is neither.
   */
  constructor(networks: readonly string[]) {
    this.replace(networks);
  }

  /** Has other networks from now on; see the constructor. */
  replace(networks: readonly string[]): void {
    const list = new BlockList();
    for (const text of networks) {
      const network = parse(text);
      if (network === undefined) {
        throw new Error(
          `Cannot read network: it must be like 10.1.0.0/16 or 10.1.2.3, current value is "${text}"`,
        );
      }
      const { address, prefix, family } = network;
      list.addSubnet(address, prefix, family);
    }
    this.#list = list;
    this.#isEmpty = networks.length === 0;
  }

  /**
   * Whether an address is in one of the networks.
   *
   * @param address An IP address, IPv4 in its IPv6 form, `::ffff:10.1.2.3`, too; anything else is in
   * none.
   */
  has(address: string): boolean {
    if (this.#isEmpty) return false;
    const version = isIP(address);
    return version !== 0 && this.#list.check(address, version === 4 ? "ipv4" : "ipv6");
  }
}

function parse(text: string) {
  const [, address, digits] = /^([\da-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = address === undefined ? 0 : isIP(address);
  if (version === 0) return undefined;
  const family: "ipv4" | "ipv6" = version === 4 ? "ipv4" : "ipv6";
  const longest = version === 4 ? 32 : 128;
  const prefix = digits === undefined ? longest : Number(digits);
  return prefix <= longest ? { address, prefix, family } : undefined;
}
