/// <reference lib="dom" />
import type {
  Client,
  ClientStateEvent,
  HistoryPage,
  Room,
  RoomStateEvent,
} from "../client/types.ts";
import { lessMotion, part, timeOfDay } from "./browser.ts";
import { CommentList, tabs } from "./comment_list.ts";
import { Composer } from "./composer.ts";
import type { CuttableSockets } from "./cuttable_socket.ts";
import { type Entry, Feed } from "./feed.ts";
import { MediaReader, type ReadHistory } from "./media_reader.ts";
import { LENGTH_MS, Player } from "./player.ts";
import { Stage } from "./stage.ts";
import { connectionStatus, gapText, Recovery } from "./status.ts";

/** For how long a notice stays, in milliseconds. */
const NOTICE_MS = 8_000;

/** What was said meanwhile is counted after so many milliseconds. */
const DENSITY_MS = 20_000;

/** What a viewer is made of. */
export interface ViewerOptions {
  /** From 1. */
  readonly number: number;
  readonly client: Client;
  readonly sockets: CuttableSockets;
  readonly room: string;
  /** Who watches, as digits, and the name under which one writes at first. */
  readonly mid: string;
  readonly name: string;
  /** Where the scene begins, in milliseconds. */
  readonly startMs: number;
}

/** A room without history has nothing of before. */
function emptyWithoutHistory(error: { readonly code?: number }): HistoryPage {
  if (error.code !== -404) throw error;
  return { epoch: "", first: 1, last: 0, messages: [], more: false };
}

/** One who watches: a player, the comments, and a connection of its own. */
export class Viewer {
  readonly player: Player;
  readonly composer: Composer;
  readonly #root: HTMLElement;
  readonly #client: Client;
  readonly #feed: Feed;
  readonly #read: ReadHistory;
  readonly #reader: MediaReader;
  readonly #stage: Stage;
  readonly #latest: CommentList;
  readonly #here: CommentList;
  readonly #notice: HTMLElement;
  readonly #recovery = new Recovery();
  #noticeUntilMs = 0;
  /** When the curve was counted, and whether anything was said since. */
  #densityMs = 0;
  #isDensityOld = false;
  #nowMs = 0;

  constructor(root: HTMLElement, options: ViewerOptions) {
    const { client, number } = options;
    this.#root = root;
    this.#client = client;
    this.#notice = part(root, "notice");
    this.#stage = new Stage(part(root, "comments"));
    this.#latest = new CommentList(part(root, "latest"));
    this.#here = new CommentList(part(root, "here"), (mediaMs) => this.player.seek(mediaMs));
    tabs([
      [part(root, "tab-latest"), part(root, "panel-latest")],
      [part(root, "tab-here"), part(root, "panel-here")],
    ]);

    const room = client.join(options.room);
    this.#feed = new Feed(room, options.mid, {
      said: (entry) => this.#said(entry),
      earlier: (entries, isAnew) => {
        if (isAnew) this.#latest.add(...entries);
        else this.#latest.addEarlier(entries);
      },
      own: (offset) => {
        this.#latest.markOwn(offset);
        this.#stage.markOwn(offset);
      },
      counted: (likes, unreadable) => this.#counted(likes, unreadable),
    }, timeOfDay);
    this.#read = (range) => room.history(range).catch(emptyWithoutHistory);
    this.#reader = new MediaReader(this.#read, LENGTH_MS);
    this.player = new Player(root, options.startMs, {
      sought: (positionMs) => this.#sought(positionMs),
      playing: (isPlaying) => this.#stage.setPlaying(isPlaying),
    });
    this.composer = new Composer(root, number, options.name, (comment) => {
      const mediaMs = this.player.positionMs;
      return this.#feed.publish(comment, mediaMs).then(() => this.#addDensity(mediaMs));
    });
    this.#sought(this.player.positionMs);

    this.#followConnection(room, options.sockets);
    this.#followRoom(room);
    part(root, "like").onclick = () => {
      this.#feed.like().catch(() => this.#say("The heart did not arrive"));
    };
  }

  /** Draws one frame of everything. */
  frame(nowMs: number): void {
    this.#nowMs = nowMs;
    this.player.frame(nowMs);
    this.#readPlace(nowMs);
    this.#stage.frame();
    this.#latest.frame(nowMs);
    this.#here.frame(nowMs);
    this.composer.frame(nowMs);
    if (this.#isDensityOld && nowMs - this.#densityMs > DENSITY_MS) this.#countDensity();
    this.#showCount("shed", this.#stage.shed);
    if (nowMs >= this.#noticeUntilMs && this.#notice.textContent !== "") {
      this.#notice.textContent = "";
    }
  }

  close(): void {
    this.#client.close();
  }

  #said(entry: Entry): void {
    this.#isDensityOld = true;
    this.#latest.add(entry);
    // A page in the background draws nothing: what came meanwhile is in the list.
    if (!document.hidden) this.#stage.show(entry);
  }

  #sought(positionMs: number): void {
    this.#stage.clear();
    this.#here.clear();
    this.#feed.beginPass();
    this.#reader.seek(positionMs);
  }

  #readPlace(nowMs: number): void {
    const { positionMs } = this.player;
    const due = this.#reader.advance(positionMs, nowMs);
    if (due.length === 0) return;
    const entries = this.#feed.read(due);
    this.#here.add(...entries.slice(-200));
    for (const entry of entries) this.#stage.show(entry, positionMs - entry.mediaMs!);
  }

  #followConnection(room: Room, sockets: CuttableSockets): void {
    const shown = part(this.#root, "state");
    const cut = part<HTMLButtonElement>(this.#root, "cut");
    let client: ClientStateEvent = { state: this.#client.state };
    let member: RoomStateEvent = { state: room.state };
    let isAgain = false;
    const show = () => {
      isAgain ||= client.state !== "connecting";
      const { isCut } = sockets;
      const { text, tone } = connectionStatus({ client, room: member, isAgain, isCut });
      if (shown.textContent !== text) shown.textContent = text;
      shown.dataset.tone = tone;
      cut.setAttribute("aria-checked", `${isCut}`);
    };
    this.#client.on("state", (event) => {
      client = event;
      show();
    });
    room.on("state", (event) => {
      member = event;
      show();
      if (event.state === "joined") this.#countDensity();
    });
    cut.onclick = () => {
      sockets.setCut(!sockets.isCut);
      show();
    };
    show();
  }

  #followRoom(room: Room): void {
    const online = part(this.#root, "online");
    const showOnline = () => online.textContent = room.state === "joined" ? `${room.online}` : "–";
    room.on("online", showOnline);
    room.on("state", showOnline);
    room.on("recovered", ({ missed }) => this.#say(this.#recovery.begin(missed)));
    room.on("message", ({ recovered }) => {
      const text = this.#recovery.message(recovered);
      if (text !== undefined) this.#say(text);
    });
    room.on("gap", (gap) => {
      this.#say(gapText(gap));
      this.#latest.add({ gap: gapText(gap) });
      if (gap.reason !== "epoch") return;
      this.#latest.forgetOffsets();
      this.#sought(this.player.positionMs);
    });
  }

  #counted(likes: number, unreadable: number): void {
    const button = part(this.#root, "like");
    const shown = part(this.#root, "likes");
    if (shown.textContent !== `${likes}`) {
      shown.textContent = `${likes}`;
      if (!lessMotion.matches) button.animate({ scale: [1, 1.18, 1] }, { duration: 250 });
    }
    this.#showCount("unreadable", unreadable);
  }

  #showCount(name: "shed" | "unreadable", count: number): void {
    const shown = part(this.#root, name);
    const text = count.toLocaleString("en");
    if (shown.textContent === text) return;
    shown.textContent = text;
    part(this.#root, `${name}-text`).hidden = count === 0;
  }

  #say(text: string): void {
    this.#notice.textContent = text;
    this.#noticeUntilMs = this.#nowMs + NOTICE_MS;
  }

  #addDensity(mediaMs: number): void {
    this.player.density.add(mediaMs);
    this.player.drawDensity();
  }

  #countDensity(): void {
    this.#densityMs = this.#nowMs;
    this.#isDensityOld = false;
    this.player.density.count(this.#read, () => this.player.drawDensity());
  }
}
