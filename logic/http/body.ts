import { BadRequest } from "../bad_request.ts";

/**
 * Reads the whole body of a request, whatever its content type, and stops reading as soon as it is
 * too long.
 *
 * @param bytesMax The longest body, in bytes.
 * @throws {BadRequest} When the body is longer, or ends before its time.
 */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (Number(declared) > bytesMax) throw tooLong(bytesMax);
  let body: Uint8Array | undefined;
  try {
    // Both runtimes hold a body to the length that it declares, and refuse a chunked one that
    // declares any. Reading it whole is faster than by its chunks.
    body = declared === null
      ? await readChunks(request, bytesMax)
      : new Uint8Array(await request.arrayBuffer());
  } catch (error) {
    throw new BadRequest(`body must arrive whole: ${String(error)}`);
  }
  if (body === undefined) throw tooLong(bytesMax);
  return body;
}

/** @returns Undefined when there is more than `bytesMax`. */
async function readChunks(request: Request, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

function tooLong(bytesMax: number): BadRequest {
  return new BadRequest(`body must be at most ${bytesMax} bytes`);
}
