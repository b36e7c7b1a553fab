import { assert } from "../../base/assert.ts";
import type { Buffers } from "../buffers.ts";
import { isHostField } from "../host.ts";
import { hasToken, type HttpHead, parseHttpHead, singleField } from "../http/head.ts";
import { HeadOutcome, HeadReader } from "../http/head_reader.ts";
import { Limits } from "../limits.ts";
import {
  acceptResponse,
  healthResponse,
  type RefusalStatus,
  refuseResponse,
} from "./upgrade_response.ts";

/** The connection speaks WebSocket from here on. */
export interface UpgradeAccepted {
  readonly accepted: true;
  /** What to send, whole. */
  readonly response: Uint8Array;
  /** Bytes of the last chunk that belong to the head; frames begin after them. */
  readonly consumedBytes: number;
  /** The Host field. */
  readonly host: string;
  /** The Origin field, which browsers send; empty when there is none. */
  readonly origin: string;
}

/** The connection is not upgraded: the request was wrong, or asked for the server's health. */
export interface UpgradeRefused {
  readonly accepted: false;
  /** What to send, whole, before the connection ends. */
  readonly response: Uint8Array;
  /** HTTP status of the response. */
  readonly status: RefusalStatus | 200;
  /** What was wrong, in one line; empty for the health. */
  readonly reason: string;
}

/** What became of an upgrade. */
export type UpgradeResult = UpgradeAccepted | UpgradeRefused;

/**
 * Parses the head of one WebSocket upgrade, `GET /sub` (RFC 6455 section 4.2), however it is cut.
 * It is dropped when it has answered, and holds no more than twice what has come. It knows no time:
 * the owner ends a connection whose head does not come.
 *
 * Extensions and subprotocols that the client offers are not taken up.
 */
export class UpgradeParser {
  private readonly head: HeadReader;
  private closed = false;

  /** @param buffers Where to borrow memory for a head that comes in parts. */
  constructor(buffers: Buffers) {
    this.head = new HeadReader(buffers, Limits.upgradeHeadBytesMax);
  }

  /**
   * Takes what has come. A head that lies whole in its chunk is not copied.
   *
   * @param chunk The stream's next bytes.
   * @returns The answer, after which nothing may be pushed, or undefined while the head goes on.
   */
  push(chunk: Uint8Array): UpgradeResult | undefined {
    assert(!this.closed, "nothing is pushed into an upgrade that is over");
    const end = this.head.push(chunk);
    if (end === HeadOutcome.unfinished) return undefined;
    this.closed = true;
    if (end === HeadOutcome.malformed) {
      return refuse(400, "Lines must end in CRLF, and hold no CR, LF or NUL.");
    }
    if (end === HeadOutcome.tooLong) {
      return refuse(431, `Head must be at most ${Limits.upgradeHeadBytesMax} bytes.`);
    }
    return answer(this.head.text, end);
  }

  /** Gives back what is borrowed; may be called more than once. */
  close(): void {
    this.closed = true;
    this.head.close();
  }
}

function refuse(status: RefusalStatus, reason: string): UpgradeRefused {
  return { accepted: false, response: refuseResponse(status, reason), status, reason };
}

/** Exactly `/sub`, with or without a query. */
const TARGET = /^\/sub(?:\?|$)/;
/** Where load balancers ask whether the server is there. */
const HEALTH_TARGET = "/healthz";
/** Methods that they ask by; HAProxy takes OPTIONS where nobody says otherwise. */
const HEALTH_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS"];
/** 16 bytes in base64. */
const KEY = /^[A-Za-z\d+/]{22}==$/;

function answer(text: string, consumedBytes: number): UpgradeResult {
  const head = parseHttpHead(text);
  if (head === undefined) return refuse(400, "Head is malformed.");
  if (head.target === HEALTH_TARGET) return refuseQuestion(head) ?? health(head);
  return refuseRequest(head) ?? refuseHandshake(head) ?? {
    accepted: true,
    response: acceptResponse(singleField(head, "sec-websocket-key")!),
    consumedBytes,
    host: singleField(head, "host")!,
    origin: singleField(head, "origin") ?? "",
  };
}

/** Checks what any HTTP server would. */
function refuseRequest(head: HttpHead): UpgradeRefused | undefined {
  if (head.version !== "1.1") return refuse(505, "Version must be HTTP/1.1.");
  if (!TARGET.test(head.target)) return refuse(404, "Path must be /sub.");
  if (head.method !== "GET") return refuse(405, "Method must be GET.");
  return refuseHost(head) ?? refuseBody(head);
}

/** Checks a question for the health; those who check for proxies speak HTTP/1.0. */
function refuseQuestion(head: HttpHead): UpgradeRefused | undefined {
  const isOld = head.version === "1.0";
  if (!isOld && head.version !== "1.1") return refuse(505, "Version must be HTTP/1.1 or HTTP/1.0.");
  if (!HEALTH_METHODS.includes(head.method)) return refuse(405, "Method must be GET.");
  return isOld && !head.fields.has("host")
    ? refuseBody(head)
    : refuseHost(head) ?? refuseBody(head);
}

function health({ method }: HttpHead): UpgradeRefused {
  return { accepted: false, response: healthResponse(method !== "HEAD"), status: 200, reason: "" };
}

function refuseHost(head: HttpHead): UpgradeRefused | undefined {
  if (isHostField(singleField(head, "host") ?? "")) return undefined;
  return refuse(400, "Host must be given once, as a name or an address.");
}

function refuseBody(head: HttpHead): UpgradeRefused | undefined {
  const hasBody = head.fields.has("transfer-encoding") ||
    head.fields.has("content-length") && singleField(head, "content-length") !== "0";
  if (hasBody) return refuse(400, "Request must have no body.");
  return undefined;
}

/** Checks the client's half of the handshake, RFC 6455 section 4.2.1. */
function refuseHandshake(head: HttpHead): UpgradeRefused | undefined {
  if (!hasToken(head, "upgrade", "websocket")) {
    return refuse(426, "Upgrade must name websocket.");
  }
  if (!hasToken(head, "connection", "upgrade")) {
    return refuse(400, "Connection must name upgrade.");
  }
  if (singleField(head, "sec-websocket-version") !== "13") {
    return refuse(426, "Sec-WebSocket-Version must be 13.");
  }
  if (!KEY.test(singleField(head, "sec-websocket-key") ?? "")) {
    return refuse(400, "Sec-WebSocket-Key must be given once, 16 bytes in base64.");
  }
  if (head.fields.has("origin") && singleField(head, "origin") === undefined) {
    return refuse(400, "Origin must be given at most once.");
  }
  return undefined;
}
