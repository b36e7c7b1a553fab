import { utf8 } from "./websocket_frames.ts";

/** A room batch and the bytes, in hexadecimal, that each kind of client gets for it. */
export interface PushForms {
  readonly bodies: readonly (string | Uint8Array)[];
  /** Frames back to back. */
  readonly tcp: string;
  /** One WebSocket binary message: an outer frame with op 9 around them. */
  readonly binary: string;
  /** A WebSocket text message for each. */
  readonly text: string;
  /** The same three where the room is `live://1`, a further one: with its key. */
  readonly named: { readonly tcp: string; readonly binary: string; readonly text: string };
}

/** One text message, whose payload is below 126 bytes. */
function text(json: string): string {
  const payload = utf8(json);
  return byteHex([0x81, payload.length, ...payload]);
}

function byteHex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Batches of operation 1000, written down by hand. */
export const PUSH_FORMS: Readonly<Record<string, PushForms>> = {
  "one push": {
    bodies: ["hi"],
    tcp: "00000012" + "0010" + "0001" + "000003e8" + "00000000" + "6869",
    binary: "8222" + "00000022" + "0010" + "0001" + "00000009" + "00000000" +
      "00000012" + "0010" + "0001" + "000003e8" + "00000000" + "6869",
    text: text('{"ver":1,"op":1000,"seq":0,"body":"hi"}'),
    named: {
      tcp: "0000002c" + "0010" + "0001" + "0000004a" + "00000000" +
        "0008" + "6c6976653a2f2f31" +
        "00000012" + "0010" + "0001" + "000003e8" + "00000000" + "6869",
      binary: "822c" + "0000002c" + "0010" + "0001" + "0000004a" + "00000000" +
        "0008" + "6c6976653a2f2f31" +
        "00000012" + "0010" + "0001" + "000003e8" + "00000000" + "6869",
      text: text('{"ver":1,"op":1000,"seq":0,"room":"live://1","body":"hi"}'),
    },
  },
  "a batch of three": {
    bodies: ["", '{"a":1}', Uint8Array.of(0xff)],
    tcp: "00000010" + "0010" + "0001" + "000003e8" + "00000000" +
      "00000017" + "0010" + "0001" + "000003e8" + "00000000" + "7b2261223a317d" +
      "00000011" + "0010" + "0001" + "000003e8" + "00000000" + "ff",
    binary: "8248" + "00000048" + "0010" + "0001" + "00000009" + "00000000" +
      "00000010" + "0010" + "0001" + "000003e8" + "00000000" +
      "00000017" + "0010" + "0001" + "000003e8" + "00000000" + "7b2261223a317d" +
      "00000011" + "0010" + "0001" + "000003e8" + "00000000" + "ff",
    text: text('{"ver":1,"op":1000,"seq":0,"body":{}}') +
      text('{"ver":1,"op":1000,"seq":0,"body":{"a":1}}') +
      text('{"ver":1,"op":1000,"seq":0,"body":"/w==","encoding":"base64"}'),
    named: {
      tcp: "00000052" + "0010" + "0001" + "0000004a" + "00000000" +
        "0008" + "6c6976653a2f2f31" +
        "00000010" + "0010" + "0001" + "000003e8" + "00000000" +
        "00000017" + "0010" + "0001" + "000003e8" + "00000000" + "7b2261223a317d" +
        "00000011" + "0010" + "0001" + "000003e8" + "00000000" + "ff",
      binary: "8252" + "00000052" + "0010" + "0001" + "0000004a" + "00000000" +
        "0008" + "6c6976653a2f2f31" +
        "00000010" + "0010" + "0001" + "000003e8" + "00000000" +
        "00000017" + "0010" + "0001" + "000003e8" + "00000000" + "7b2261223a317d" +
        "00000011" + "0010" + "0001" + "000003e8" + "00000000" + "ff",
      text: text('{"ver":1,"op":1000,"seq":0,"room":"live://1","body":{}}') +
        text('{"ver":1,"op":1000,"seq":0,"room":"live://1","body":{"a":1}}') +
        text('{"ver":1,"op":1000,"seq":0,"room":"live://1","body":"/w==","encoding":"base64"}'),
    },
  },
};
