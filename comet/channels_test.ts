import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conn } from "../platform/port.ts";
import { Channel, type Transport } from "./channel.ts";
import { Channels } from "./channels.ts";

function add(channels: Channels, key = "", remoteAddress?: string): Channel {
  const channel = channels.add((id) =>
    new Channel(id, {} as Conn<Channel | undefined>, {} as Transport, { close() {} }, "10.1.0.1")
  );
  if (remoteAddress !== undefined) channels.addressed(channel, remoteAddress);
  channel.key = key;
  if (key !== "") channels.bindKey(channel);
  return channel;
}

test("Channels.byId() finds a channel until it is removed, and not the next one in its slot", () => {
  const channels = new Channels();
  const first = add(channels);
  assert.equal(channels.byId(first.id), first);
  channels.remove(first);
  const second = add(channels);
  assert.equal(second.slot, first.slot);
  assert.notEqual(second.id, first.id);
  assert.equal(channels.byId(first.id), undefined);
  assert.equal(channels.byId(second.id), second);
});

test("Channels.byKey() holds every channel of a key until each is unbound", () => {
  const channels = new Channels();
  const [a, b, c] = [add(channels, "k"), add(channels, "k"), add(channels, "k")];
  assert.deepEqual(channels.byKey("k"), [a, b, c]);
  channels.unbindKey(b);
  channels.unbindKey(b);
  assert.deepEqual(channels.byKey("k"), [a, c]);
  channels.unbindKey(a);
  assert.equal(channels.byKey("k"), c);
  channels.unbindKey(c);
  assert.equal(channels.byKey("k"), undefined);
});

test("Channels counts connections and distinct addresses", () => {
  const channels = new Channels();
  const a = add(channels, "", "10.0.0.1");
  const b = add(channels, "", "10.0.0.1");
  const c = add(channels, "", "10.0.0.2");
  assert.deepEqual([channels.size, channels.addresses], [3, 2]);
  channels.remove(b);
  assert.deepEqual([channels.size, channels.addresses], [2, 2]);
  channels.remove(a);
  channels.remove(c);
  assert.deepEqual([channels.size, channels.addresses], [0, 0]);
});

test("Channels counts a channel's address once it is known to be the client's", () => {
  const channels = new Channels();
  const [known, unknown] = [add(channels), add(channels)];
  assert.deepEqual([channels.size, channels.addresses], [2, 0]);
  channels.addressed(known, "10.0.0.1");
  assert.deepEqual([known.remoteAddress, channels.addresses], ["10.0.0.1", 1]);
  assert.throws(() => channels.addressed(known, "10.0.0.2"), /a channel has one client/);
  channels.remove(unknown);
  channels.remove(known);
  assert.deepEqual([channels.size, channels.addresses], [0, 0]);
});

test("Channels.remove() of a channel that is out is a fault of ours", () => {
  const channels = new Channels();
  const channel = add(channels);
  channels.remove(channel);
  assert.throws(() => channels.remove(channel), /a channel is removed once/);
});
