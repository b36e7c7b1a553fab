/// <reference lib="dom" />
import { clockText } from "./browser.ts";
import type { Entry } from "./feed.ts";
import { placeText } from "./time_line.ts";

/** Rows that are shown; older ones go. */
const ROWS_MAX = 100;

/** The list is not written more often, in milliseconds, however many come. */
const WRITE_MS_MIN = 200;

type Row = Entry | { readonly gap: string };

/** A list of comments, newest first. */
export class CommentList {
  readonly #list: HTMLElement;
  readonly #seek: ((mediaMs: number) => void) | undefined;
  /** Those that are not written yet; of too many the oldest are left out. */
  #waiting: Row[] = [];
  /** Of those that wait, one's own. */
  readonly #own = new Set<number>();
  #writtenMs = -Infinity;

  /** @param seek Rows say their place in the scene, and lead to it; else the time of day. */
  constructor(list: HTMLElement, seek?: (mediaMs: number) => void) {
    this.#list = list;
    this.#seek = seek;
  }

  add(...rows: readonly Row[]): void {
    this.#waiting.push(...rows.slice(-ROWS_MAX));
    if (this.#waiting.length > ROWS_MAX) this.#waiting = this.#waiting.slice(-ROWS_MAX);
  }

  /** Adds rows that are older than all that are there. */
  addEarlier(rows: readonly Row[]): void {
    const room = Math.max(0, ROWS_MAX - this.#list.children.length);
    if (room > 0) this.#list.append(...rows.slice(-room).reverse().map((row) => this.#row(row)));
  }

  clear(): void {
    this.#waiting = [];
    this.#list.replaceChildren();
  }

  /** The room began anew: offsets of before mean nothing any more. */
  forgetOffsets(): void {
    this.#own.clear();
    for (const row of this.#list.querySelectorAll<HTMLElement>("[data-offset]")) {
      delete row.dataset.offset;
    }
  }

  /** A comment that is in the list, or will be, is one's own. */
  markOwn(offset: number): void {
    this.#own.add(offset);
    const row = this.#list.querySelector<HTMLElement>(`[data-offset="${offset}"]`);
    if (row !== null) this.#mark(row, offset);
  }

  /** Writes what has come. */
  frame(nowMs: number): void {
    if (this.#waiting.length === 0 || nowMs - this.#writtenMs < WRITE_MS_MIN) return;
    this.#writtenMs = nowMs;
    this.#list.prepend(...this.#waiting.reverse().map((row) => this.#row(row)));
    this.#waiting = [];
    this.#own.clear();
    while (this.#list.children.length > ROWS_MAX) this.#list.lastElementChild!.remove();
  }

  #row(row: Row): HTMLElement {
    const item = document.createElement("li");
    if ("gap" in row) {
      item.className = "gap";
      item.textContent = row.gap;
      return item;
    }
    const { offset, comment, isOwn, isRecovered } = row;
    item.dataset.offset = `${offset}`;
    item.style.setProperty("--colour", comment.colour);
    item.append(this.#isolated("text", comment.text), this.#about(row));
    if (isRecovered) item.dataset.recovered = "";
    if (isOwn || this.#own.has(offset)) this.#mark(item, offset);
    return item;
  }

  #about({ comment, timeMs, mediaMs, isRecovered }: Entry): HTMLElement {
    const about = document.createElement("p");
    about.className = "about";
    if (comment.name !== "") about.append(this.#isolated("name", comment.name));
    if (this.#seek !== undefined && mediaMs !== undefined) {
      const place = document.createElement("button");
      place.type = "button";
      place.textContent = placeText(mediaMs);
      place.setAttribute("aria-label", `Go to ${placeText(mediaMs)}`);
      place.onclick = () => this.#seek?.(mediaMs);
      about.append(place);
    } else {
      const time = document.createElement("time");
      time.dateTime = new Date(timeMs).toISOString();
      time.textContent = clockText(timeMs);
      about.append(time);
    }
    if (isRecovered) about.append(this.#badge("recovered"));
    return about;
  }

  #mark(row: HTMLElement, offset: number): void {
    this.#own.delete(offset);
    if (row.dataset.own !== undefined) return;
    row.dataset.own = "";
    row.querySelector(".about")?.prepend(this.#badge("you"));
  }

  /** Whatever its letters do, they do it among themselves. */
  #isolated(name: string, text: string): HTMLElement {
    const element = document.createElement("bdi");
    element.className = name;
    element.textContent = text;
    return element;
  }

  #badge(text: string): HTMLElement {
    const badge = document.createElement("span");
    badge.className = "badge";
    badge.textContent = text;
    return badge;
  }
}

/** Two lists of which one is shown, chosen by tabs. */
export function tabs(pairs: readonly (readonly [tab: HTMLElement, panel: HTMLElement])[]): void {
  const choose = (index: number) => {
    for (const [at, [tab, panel]] of pairs.entries()) {
      tab.setAttribute("aria-selected", `${at === index}`);
      tab.tabIndex = at === index ? 0 : -1;
      panel.hidden = at !== index;
    }
  };
  for (const [at, [tab, panel]] of pairs.entries()) {
    panel.setAttribute("aria-label", tab.textContent!.trim());
    tab.onclick = () => choose(at);
    tab.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      const next = (at + step + pairs.length) % pairs.length;
      choose(next);
      pairs[next][0].focus();
    };
  }
}
