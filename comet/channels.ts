import { assert } from "../base/assert.ts";
import { clientNetwork } from "../protocol/client_network.ts";
import { type Channel, SLOTS_MAX } from "./channel.ts";

/** Changes a count, of which those that are 0 are left out. */
function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/**
 * All connections of a comet. A channel keeps its slot for life, so that a walk over the slots
 * neither skips nor repeats anyone who stays.
 */
export class Channels {
  /** Indexed by slot, with holes. */
  readonly #slots: (Channel | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #byKey = new Map<string, Channel | Channel[]>();
  readonly #perAddress = new Map<string, number>();
  /** Of IPv6 alone: an IPv4 address is its own network. */
  readonly #perNetwork = new Map<string, number>();
  #serial = 0;
  #size = 0;

  /** Connections there are, authenticated or not. */
  get size(): number {
    return this.#size;
  }

  /** Distinct addresses of clients. */
  get addresses(): number {
    return this.#perAddress.size;
  }

  /** Connections of the same client as an address has, as limits count it. */
  of(remoteAddress: string): number {
    const network = clientNetwork(remoteAddress);
    const counts = network === remoteAddress ? this.#perAddress : this.#perNetwork;
    return counts.get(network) ?? 0;
  }

  /** One more than the highest slot that was ever in use. */
  get slots(): number {
    return this.#slots.length;
  }

  /**
   * Gives a new connection its slot and id.
   *
   * @param create Makes the channel with the id that it is given.
   */
  add(create: (id: number) => Channel): Channel {
    const slot = this.#freeSlots.pop() ?? this.#slots.length;
    assert(slot < SLOTS_MAX, "a process has fewer connections than slots");
    const channel = create(++this.#serial * SLOTS_MAX + slot);
    this.#slots[slot] = channel;
    this.#size++;
    return channel;
  }

  /** Counts a channel under the address of its client. */
  addressed(channel: Channel, remoteAddress: string): void {
    assert(!channel.isAddressed, "a channel has one client");
    channel.remoteAddress = remoteAddress;
    channel.isAddressed = true;
    add(this.#perAddress, remoteAddress, 1);
    const network = clientNetwork(remoteAddress);
    if (network !== remoteAddress) add(this.#perNetwork, network, 1);
  }

  /** Takes a connection out; its slot is free for the next. */
  remove(channel: Channel): void {
    const { slot } = channel;
    assert(this.#slots[slot] === channel, "a channel is removed once");
    this.#slots[slot] = undefined;
    this.#freeSlots.push(slot);
    this.#size--;
    if (!channel.isAddressed) return;
    const { remoteAddress } = channel;
    add(this.#perAddress, remoteAddress, -1);
    const network = clientNetwork(remoteAddress);
    if (network !== remoteAddress) add(this.#perNetwork, network, -1);
  }

  /** The channel in a slot, if any. */
  at(slot: number): Channel | undefined {
    return this.#slots[slot];
  }

  /** Visits every channel; those that leave meanwhile are left out. */
  forEach(visit: (channel: Channel) => void): void {
    for (const channel of this.#slots) {
      if (channel !== undefined) visit(channel);
    }
  }

  /** The channel with this connection id, if it is still there. */
  byId(id: number): Channel | undefined {
    const channel = this.#slots[id % SLOTS_MAX];
    return channel?.id === id ? channel : undefined;
  }

  /** Makes a channel reachable by its key; several channels may share one. */
  bindKey(channel: Channel): void {
    const bound = this.#byKey.get(channel.key);
    if (bound === undefined) this.#byKey.set(channel.key, channel);
    else if (Array.isArray(bound)) bound.push(channel);
    else this.#byKey.set(channel.key, [bound, channel]);
  }

  /** Undoes `bindKey`; others under the same key stay. */
  unbindKey(channel: Channel): void {
    const bound = this.#byKey.get(channel.key);
    if (bound === channel) this.#byKey.delete(channel.key);
    if (!Array.isArray(bound)) return;
    const index = bound.indexOf(channel);
    if (index >= 0) bound.splice(index, 1);
    if (bound.length === 1) this.#byKey.set(channel.key, bound[0]);
  }

  /** The one channel, the several, or none that have this key. */
  byKey(key: string): Channel | readonly Channel[] | undefined {
    return this.#byKey.get(key);
  }
}
