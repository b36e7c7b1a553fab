import type { Connection } from "./connection.ts";
import type { Environment } from "./environment.ts";
import { LocalCode, RequestError } from "./request_error.ts";
import type { Answer } from "./rooms.ts";
import type { RoomMember } from "./room_member.ts";

/** Requests that may wait at once; one more fails. */
export const REQUESTS_MAX = 256;

/** Requests that may be under way: with the longest bodies, half of what a server keeps. */
const UNANSWERED_MAX = 8;

/** Largest body that a server takes, in bytes. */
const BODY_BYTES_MAX = 4096;

/** Within five minutes a server knows that it has published an id. */
const TIMEOUT_MS_MAX = 240_000;
const TIMEOUT_MS = 10_000;

/** Up to how long a request waits that the server could not carry out, in milliseconds. */
const RETRY_MS_MAX = 1_000;

/** The server could not, for now. */
const FAILED = -500;

interface Request {
  readonly room: RoomMember;
  readonly operation: number;
  readonly body: string;
  /** Where it was sent, if that is still there. */
  sentOver?: Connection;
  settle(answer: Answer): void;
}

/** Requests of all rooms, in order: they are sent again over each connection, until answered. */
export class Requests {
  readonly #requests = new Set<Request>();
  #connection: Connection | undefined;

  constructor(private readonly environment: Environment, private readonly timeoutMs = TIMEOUT_MS) {}

  /** Settles as soon as there is an answer, or never will be. */
  ask<T extends Answer>(room: RoomMember, operation: number, members: object): Promise<T> {
    const body = JSON.stringify({ room: room.key, ...members });
    return new Promise((resolve, reject) => {
      const fail = (code: number, message: string) => reject(new RequestError(code, message));
      if (new TextEncoder().encode(body).length > BODY_BYTES_MAX) {
        return fail(LocalCode.wrong, `more than ${BODY_BYTES_MAX} bytes`);
      }
      if (room.state === "refused") return fail(LocalCode.refused, "the room refused the client");
      if (room.state === "left") return fail(LocalCode.ended, "the room was left");
      if (this.#requests.size >= REQUESTS_MAX) return fail(LocalCode.tooMany, "too many wait");
      const request: Request = {
        room,
        operation,
        body,
        settle: (answer) => {
          cancel();
          this.#requests.delete(request);
          const { code, message = "refused", retry_ms } = answer;
          if (code === 0) resolve(answer as T);
          else reject(new RequestError(code, message, retry_ms));
        },
      };
      const cancel = this.environment.after(
        Math.min(this.timeoutMs, TIMEOUT_MS_MAX),
        () => request.settle({ code: LocalCode.late, message: "no answer in time" }),
      );
      this.#requests.add(request);
      this.flush();
    });
  }

  /** Goes on over another connection. */
  use(connection: Connection): void {
    this.#connection = connection;
  }

  /** Sends what may be sent. */
  flush(): void {
    const connection = this.#connection;
    if (!connection) return;
    for (const request of this.#requests) {
      if (connection.asked >= UNANSWERED_MAX) return;
      if (request.sentOver === connection || request.room.state !== "joined") continue;
      request.sentOver = connection;
      connection.ask<Answer>(request.operation, request.body, (answer) => {
        if (answer.code === FAILED) this.#retry(request, connection);
        else request.settle(answer);
      });
    }
  }

  /** Fails those of a room, or all. */
  fail(code: number, message: string, room?: RoomMember): void {
    for (const request of this.#requests) {
      if (!room || request.room === room) request.settle({ code, message });
    }
  }

  #retry(request: Request, connection: Connection): void {
    const { after, random } = this.environment;
    after(RETRY_MS_MAX * random(), () => {
      // Over another connection it is on its way again already.
      if (request.sentOver === connection) request.sentOver = undefined;
      this.flush();
    });
  }
}
