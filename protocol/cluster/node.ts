import type { BinaryReader, BinaryWriter } from "../binary.ts";
import type { CometNode } from "./contract.ts";
import { readString, writeString } from "./values.ts";

/** Writes what a comet says of itself when it registers. */
export function writeNode(writer: BinaryWriter, node: CometNode): void {
  writer
    .string(node.server)
    .string(node.name)
    .string(node.region)
    .string(node.zone)
    .string(node.env)
    .string(node.hostname)
    .list(node.addresses, writeString)
    .string(node.rpc)
    .string(node.version)
    .integer(node.weight)
    .boolean(node.offline);
}

/** Reads what {@linkcode writeNode} wrote. */
export function readNode(reader: BinaryReader): CometNode {
  return {
    server: reader.string(),
    name: reader.string(),
    region: reader.string(),
    zone: reader.string(),
    env: reader.string(),
    hostname: reader.string(),
    addresses: reader.list(readString),
    rpc: reader.string(),
    version: reader.string(),
    weight: reader.integer(),
    offline: reader.boolean(),
  };
}
