import { Networks } from "../protocol/networks.ts";

/** Networks of each region's clients, in CIDR notation: `10.1.0.0/16`, `2001:db8::/32`. */
export type RegionNetworks = Readonly<Record<string, readonly string[]>>;

/** Finds the region of a client by its address. */
export class Regions {
  readonly #networks: readonly (readonly [string, Networks])[];

  /** @throws {Error} When a network is not in CIDR notation. */
  constructor(regions: RegionNetworks) {
    this.#networks = Object.entries(regions).map((
      [region, networks],
    ) => [region, new Networks(networks)]);
  }

  /**
   * @param address An IP address; an IPv4 one may come in its IPv6 form, `::ffff:10.1.2.3`.
   * @returns The first region with a network that holds the address.
   */
  of(address: string): string | undefined {
    return this.#networks.find(([, networks]) => networks.has(address))?.[0];
  }
}
