import type { Buffer } from "node:buffer";
import { RawClient, type RawFrame, rawFrame, readRawFrames } from "./raw_client.ts";
import type { TestServer } from "./server.ts";
import { WebSocketClient } from "./web_socket_client.ts";

/** A frame as a client of any form has it: of a room batch, with the key of its room. */
export interface Told {
  readonly op: number;
  readonly seq: number;
  readonly room: string;
  readonly body: string;
}

/** A client that says and hears frames, in whatever form. */
export interface Speaker {
  send(op: number, seq: number, body: string): void;
  next(): Promise<Told>;
  close(): void;
}

/** A frame as it came, or those that it holds. */
function toldBy({ op, seq, body }: RawFrame): Told[] {
  if (op !== 9 && op !== 74) return [{ op, seq, room: "", body: body.toString("latin1") }];
  const end = op === 9 ? 0 : 2 + body.readUInt16BE(0);
  const room = op === 9 ? "" : body.subarray(2, end).toString();
  return readRawFrames(body.subarray(end)).frames.flatMap(toldBy)
    .map((inner) => ({ ...inner, room }));
}

/** Hands out one by one what comes several at a time. */
function oneByOne(more: () => Promise<Told[]>): () => Promise<Told> {
  const waiting: Told[] = [];
  return async () => {
    while (waiting.length === 0) waiting.push(...await more());
    return waiting.shift()!;
  };
}

async function overTcp({ tcpPort }: TestServer): Promise<Speaker> {
  const client = await RawClient.connect(tcpPort);
  return {
    send: (op, seq, body) => client.send(op, seq, body),
    next: oneByOne(async () => toldBy(await client.next())),
    close: () => client.close(),
  };
}

async function inBinary({ wsPort }: TestServer): Promise<Speaker> {
  const client = await WebSocketClient.connect(wsPort);
  return {
    send: (op, seq, body) => client.socket.send(rawFrame(op, seq, body)),
    next: oneByOne(async () => readRawFrames((await client.next()).data).frames.flatMap(toldBy)),
    close: () => client.close(),
  };
}

async function inText({ wsPort }: TestServer): Promise<Speaker> {
  return textSpeaker(await WebSocketClient.connect(wsPort));
}

/** One that speaks goim's text mode. */
export function textSpeaker(client: WebSocketClient): Speaker {
  const told = (data: Buffer): Told => {
    const { op, seq, room = "", body } = JSON.parse(data.toString());
    return { op, seq, room, body: typeof body === "string" ? body : JSON.stringify(body) };
  };
  return {
    send: (op, seq, body) => client.socket.send(`{"op":${op},"seq":${seq},"body":${body || '""'}}`),
    next: async () => told((await client.next()).data),
    close: () => client.close(),
  };
}

/** Connects one in each form. */
export const SPEAKERS: Readonly<Record<string, (server: TestServer) => Promise<Speaker>>> = {
  "over TCP": overTcp,
  "in binary messages": inBinary,
  "in text messages": inText,
};
