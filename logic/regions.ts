import { BlockList, isIP } from "node:net";

/** Networks of each region's clients, in CIDR notation: `10.1.0.0/16`, `2001:db8::/32`. */
export type RegionNetworks = Readonly<Record<string, readonly string[]>>;

/** Finds the region of a client by its address. */
export class Regions {
  readonly #networks: readonly (readonly [string, BlockList])[];

  /** @throws {Error} When a network is not in CIDR notation. */
  constructor(regions: RegionNetworks) {
    this.#networks = Object.entries(regions).map(([region, networks]) => [region, list(networks)]);
  }

  /**
   * @param address An IP address; an IPv4 one may come in its IPv6 form, `::ffff:10.1.2.3`.
   * @returns The first region with a network that holds the address.
   */
  of(address: string): string | undefined {
    const version = isIP(address);
    if (version === 0) return undefined;
    const family = version === 4 ? "ipv4" : "ipv6";
    return this.#networks.find(([, networks]) => networks.check(address, family))?.[0];
  }
}

function list(networks: readonly string[]): BlockList {
  const blockList = new BlockList();
  for (const network of networks) {
    const [, address, prefix] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? [];
    const version = address === undefined ? 0 : isIP(address);
    if (version === 0 || Number(prefix) > (version === 4 ? 32 : 128)) {
      throw new Error(
        `Cannot read networks of a region: network must be like 10.1.0.0/16, current value is ` +
          `"${network}"`,
      );
    }
    blockList.addSubnet(address, Number(prefix), version === 4 ? "ipv4" : "ipv6");
  }
  return blockList;
}
