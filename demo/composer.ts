/// <reference lib="dom" />
import { keep, kept, part } from "./browser.ts";
import { palette } from "./colour.ts";
import { type Comment, lettersLeft, nameLettersMax, type Place } from "./comment.ts";
import { type Refusal, refusalOf, refusalText } from "./status.ts";

/** From how many letters left on the counter is told apart. */
const FEW_LETTERS = 10;

/** How long a refusal is shown at least, in milliseconds. */
const REFUSAL_MS = 5_000;

/** The form in which one writes. */
export class Composer {
  readonly #text: HTMLInputElement;
  readonly #name: HTMLInputElement;
  readonly #send: HTMLButtonElement;
  readonly #left: HTMLElement;
  readonly #refusal: HTMLElement;
  readonly #form: HTMLFormElement;
  readonly #publish: (comment: Comment) => Promise<unknown>;
  #refused: Refusal | undefined;
  #refusedUntilMs = 0;
  /** How many are under way. */
  #sending = 0;
  #nowMs = 0;

  /**
   * @param viewer Which viewer of the page it belongs to; names its choices.
   * @param publish Settles when the comment is published, or fails with the SDK's error.
   */
  constructor(
    root: ParentNode,
    viewer: number,
    usualName: string,
    publish: (comment: Comment) => Promise<unknown>,
  ) {
    this.#form = part<HTMLFormElement>(root, "composer");
    this.#text = part<HTMLInputElement>(root, "text");
    this.#name = part<HTMLInputElement>(root, "name");
    this.#send = part<HTMLButtonElement>(root, "send");
    this.#left = part(root, "left");
    this.#refusal = part(root, "refusal");
    this.#publish = publish;
    this.#name.maxLength = nameLettersMax;
    this.#name.value = kept(`halley-name-${viewer}`, "browser") ?? usualName;
    this.#name.onchange = () => keep(`halley-name-${viewer}`, this.#name.value, "browser");
    for (const place of this.#places) place.name = `place-${viewer}`;
    part(root, "colours").append(
      ...palette.map(([colour, name], at) => swatch(colour, name, `colour-${viewer}`, at === 0)),
    );
    this.#form.oninput = () => this.#count();
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    this.#count();
  }

  focus(): void {
    this.#text.focus();
  }

  /** Counts down what is left to wait. */
  frame(nowMs: number): void {
    this.#nowMs = nowMs;
    const text = this.#refused === undefined
      ? this.#sending > 0 ? "Sending…" : ""
      : refusalText(this.#refused, nowMs);
    if (this.#refusal.textContent !== text) this.#refusal.textContent = text;
    if (nowMs >= this.#refusedUntilMs) this.#refused = undefined;
    this.#refusal.dataset.tone = this.#refused === undefined ? "busy" : "bad";
  }

  get #places(): NodeListOf<HTMLInputElement> {
    return this.#form.querySelectorAll<HTMLInputElement>('[data-part="place"]');
  }

  #comment(): Comment {
    const chosen = (selector: string) =>
      this.#form.querySelector<HTMLInputElement>(`${selector}:checked`)!.value;
    return {
      text: this.#text.value,
      name: this.#name.value,
      place: chosen('[data-part="place"]') as Place,
      colour: chosen('[data-part="colour"]'),
    };
  }

  #count(): void {
    const left = lettersLeft(this.#comment());
    this.#left.textContent = `${left}`;
    this.#left.dataset.tone = left < 0 ? "bad" : left <= FEW_LETTERS ? "busy" : "good";
    this.#send.disabled = left < 0 || this.#text.value.trim() === "";
  }

  async #submit(): Promise<void> {
    const comment = this.#comment();
    if (this.#send.disabled) return;
    this.#text.value = "";
    this.#refused = undefined;
    this.#sending++;
    this.#count();
    try {
      await this.#publish(comment);
    } catch (error) {
      this.#refused = refusalOf(error, this.#nowMs);
      this.#refusedUntilMs = Math.max(this.#nowMs + REFUSAL_MS, this.#refused.againAtMs ?? 0);
      // What was refused can be sent again, unless something else is being written already.
      if (this.#text.value === "") this.#text.value = comment.text;
      this.#count();
    } finally {
      this.#sending--;
    }
  }
}

function swatch(colour: string, name: string, group: string, isChosen: boolean): HTMLElement {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "radio";
  input.name = group;
  input.value = colour;
  input.defaultChecked = isChosen;
  input.dataset.part = "colour";
  input.dataset.testid = `colour-${name.toLowerCase()}`;
  input.setAttribute("aria-label", name);
  const dot = document.createElement("span");
  dot.style.setProperty("--colour", colour);
  label.title = name;
  label.append(input, dot);
  return label;
}
