import { Buffer } from "node:buffer";

/**
 * Reads the body of a response.
 *
 * @throws {TypeError} When it is longer than `bytesMax`: then the rest is not read.
 */
export async function readBytes({ body }: Response, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > bytesMax) throw new TypeError(`it answered more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}
