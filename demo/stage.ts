/// <reference lib="dom" />
import { lessMotion } from "./browser.ts";
import { readableColour } from "./colour.ts";
import type { Place } from "./comment.ts";
import type { Entry } from "./feed.ts";
import { Lanes } from "./lanes.ts";
import { StageQueue } from "./stage_queue.ts";

/** How long comments stand, and fly at least and at most, in milliseconds. */
const STAND_MS = 5_000;
const ROLL_MS_MIN = 6_500;
const ROLL_MS_MAX = 11_000;
/** How fast a short comment flies where these allow it, in pixels a millisecond. */
const SPEED = 0.1;

/** Height of a lane, in pixels, and how many are wanted on a large scene. */
const LANE_MIN = 24;
const LANE_MAX = 40;
const LANES_WANTED = 12;

/** Comments that are put on the scene in one frame; more would be felt. */
const PER_FRAME_MAX = 12;

/** The time of the frame that is drawn, by which animations go as well. */
function pageMs(): number {
  return document.timeline.currentTime as number;
}

interface Waiting {
  readonly entry: Entry;
  /** How long ago it would have begun, in milliseconds. */
  readonly ageMs: number;
}

/** A comment on the scene. */
interface Moving {
  readonly animation: Animation;
  /** When it began, by the scene's clock. */
  readonly startMs: number;
}

/** The comments on the scene: elements that the browser moves by itself, each in its lane. */
export class Stage {
  readonly #layer: HTMLElement;
  readonly #queue = new StageQueue<Waiting>();
  readonly #moving = new Map<HTMLElement, Moving>();
  #lanes!: Lanes;
  #width = 0;
  #laneHeight = LANE_MIN;
  #rollMs = ROLL_MS_MIN;
  /** The scene's clock stands while it is paused: the page's time at its zero, or what it shows. */
  #isWanted = false;
  /** Whether nothing moves, as those who watch have asked for. */
  #isStill = false;
  #originMs = 0;
  #stoppedMs: number | undefined = 0;

  constructor(layer: HTMLElement) {
    this.#layer = layer;
    new ResizeObserver(() => this.#resize()).observe(layer);
    this.#resize();
  }

  /** How many comments found no place. */
  get shed(): number {
    return this.#queue.shed;
  }

  /**
   * Shows a comment as soon as there is a lane.
   *
   * @param ageMs How long ago its place was, when the scene has come to it from elsewhere.
   */
  show(entry: Entry, ageMs = 0): void {
    const staysMs = this.#lanes.stands(entry.comment.place) ? STAND_MS : this.#rollMs;
    if (ageMs < staysMs) this.#queue.offer({ entry, ageMs }, this.#clockMs, entry.isOwn);
  }

  /** A comment that is on the scene, or waits for it, is one's own. */
  markOwn(offset: number): void {
    this.#queue.claim(({ entry }) => entry.offset === offset);
    this.#layer.querySelector(`[data-offset="${offset}"]`)?.classList.add("own");
  }

  /** Takes all away, for the scene is at another place. */
  clear(): void {
    this.#queue.clear();
    this.#reset();
  }

  /**
   * Stops all that moves, or lets it move on, so that nothing comes nearer to anything else. Where
   * nothing moves anyway, comments come and go also while the scene is paused.
   */
  setPlaying(isWanted: boolean): void {
    this.#isWanted = isWanted;
    const isPlaying = isWanted || lessMotion.matches;
    if (isPlaying === this.#isPlaying) return;
    const clockMs = this.#clockMs;
    this.#originMs = pageMs() - clockMs;
    this.#stoppedMs = isPlaying ? undefined : clockMs;
    for (const moving of this.#moving.values()) this.#move(moving);
  }

  /** Draws one frame. */
  frame(): void {
    if (lessMotion.matches !== this.#isStill) {
      this.#resize();
      this.setPlaying(this.#isWanted);
    }
    const clockMs = this.#clockMs;
    let budget = PER_FRAME_MAX;
    this.#queue.take(clockMs, (waiting, isOwn) => {
      if (budget === 0) return false;
      const { comment } = waiting.entry;
      // While all stands still nothing flies in: what is said now is shown where comments stand.
      const isNow = waiting.ageMs === 0;
      const place = this.#isPlaying || !isNow ? comment.place : "top";
      if (!this.#lanes.hasRoom(place, clockMs)) return false;
      budget--;
      return this.#place(waiting, place, isOwn);
    });
  }

  #place({ entry, ageMs }: Waiting, place: Place, isOwn: boolean): boolean {
    const element = this.#element(entry, isOwn);
    this.#layer.append(element);
    const width = element.offsetWidth;
    const startMs = this.#clockMs - ageMs;
    const lane = this.#lanes.put(place, width, startMs);
    if (lane === undefined) {
      element.remove();
      return false;
    }
    element.style.top = `${lane * this.#laneHeight}px`;
    const stands = this.#lanes.stands(place);
    const [from, to] = stands
      ? [(this.#width - width) / 2, (this.#width - width) / 2]
      : [this.#width, -width];
    const animation = element.animate(
      { transform: [`translateX(${from}px)`, `translateX(${to}px)`] },
      { duration: stands ? STAND_MS : this.#rollMs, fill: "both" },
    );
    const moving = { animation, startMs };
    this.#move(moving);
    animation.onfinish = () => {
      element.remove();
      this.#moving.delete(element);
    };
    this.#moving.set(element, moving);
    return true;
  }

  get #isPlaying(): boolean {
    return this.#stoppedMs === undefined;
  }

  get #clockMs(): number {
    return this.#stoppedMs ?? pageMs() - this.#originMs;
  }

  /** Has an animation go by the scene's clock, to the millisecond. */
  #move({ animation, startMs }: Moving): void {
    if (this.#isPlaying) animation.startTime = this.#originMs + startMs;
    else {
      animation.pause();
      animation.currentTime = this.#clockMs - startMs;
    }
  }

  #element({ comment, offset }: Entry, isOwn: boolean): HTMLElement {
    const element = document.createElement("div");
    element.className = isOwn ? "comment own" : "comment";
    element.dataset.offset = `${offset}`;
    element.style.color = readableColour(comment.colour);
    const text = document.createElement("bdi");
    text.textContent = comment.text;
    element.append(text);
    return element;
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.#layer;
    this.#isStill = lessMotion.matches;
    this.#width = clientWidth;
    const wanted = Math.floor(clientHeight / LANES_WANTED);
    this.#laneHeight = Math.min(LANE_MAX, Math.max(LANE_MIN, wanted));
    this.#rollMs = Math.min(ROLL_MS_MAX, Math.max(ROLL_MS_MIN, clientWidth / SPEED));
    this.#layer.style.setProperty("--lane", `${this.#laneHeight}px`);
    this.#layer.dataset.still = `${this.#isStill}`;
    this.#reset();
  }

  /** Takes all off the scene; what waits goes on waiting. */
  #reset(): void {
    for (const [element, { animation }] of this.#moving) {
      animation.cancel();
      element.remove();
    }
    this.#moving.clear();
    this.#lanes = new Lanes({
      width: this.#width,
      count: Math.max(3, Math.floor(this.#layer.clientHeight / this.#laneHeight)),
      rollMs: this.#rollMs,
      standMs: STAND_MS,
      isStill: this.#isStill,
    });
  }
}
