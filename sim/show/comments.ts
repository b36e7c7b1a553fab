import { fnv1a } from "../../base/fnv.ts";
import type { Act } from "./show.ts";

/** What people write, by what it is about, in several languages. */
const texts: Readonly<Record<Act["mood"], readonly string[]>> = {
  quiet: [
    ..."hello from Lisbon|what did I miss?|the sound is perfect today|who is this on the left?"
      .split("|"),
    ..."来了来了|前排|第一次看直播|晚上好".split("|"),
    ..."こんばんは|今北産業|音きれい".split("|"),
    ..."¿alguien más desde México?|buenas noches a todos|bom dia, Brasil".split("|"),
    ..."안녕하세요|오늘도 왔어요|schönen Abend zusammen|bonsoir tout le monde".split("|"),
    ..."مساء الخير|नमस्ते सबको|всем привет".split("|"),
  ],
  goal: [
    ..."GOAL!!!|what a shot|I can't believe it|replay please".split("|"),
    ..."球进了！！！|太强了|这都行？|牛".split("|"),
    ..."うおおおお|ゴール！！|やばい".split("|"),
    ..."¡GOOOOL!|golaço!!!|TOOOR|но как?!|골!!!!|هدف!!!|क्या गोल है".split("|"),
  ],
  joke: [
    ..."LOL|😂😂😂|I'm crying|hahahaha|not again".split("|"),
    ..."哈哈哈哈哈哈|笑死我了|草|wwwwwww|腹筋が…|ㅋㅋㅋㅋㅋ".split("|"),
    ..."jajajaja|kkkkkk|ахахаха|mdr|ههههه|हाहाहा".split("|"),
  ],
  song: [
    ..."I love this one|🎵🎶🎵|goosebumps|this was my summer".split("|"),
    ..."好听！|爷青回|单曲循环了|神曲|いい曲|エモい|泣いた".split("|"),
    ..."qué temazo|esa voz…|노래 너무 좋다|magnifique|wunderschön|ما أجمل هذا".split("|"),
  ],
  surprise: [
    ..."wait, what?|no way|👀|did anyone see that?|plot twist".split("|"),
    ..."？？？|卧槽|高能预警|前方高能|え？|なにこれ|まじで".split("|"),
    ..."¿qué?|não acredito|뭐야 이거|что это было|was war das?|ماذا؟!".split("|"),
  ],
  applause: [
    ..."👏👏👏|bravo!|thank you, see you next week|best one so far".split("|"),
    ..."88888888|辛苦了|下次见|完结撒花🌸|おつかれさま|ありがとう！".split("|"),
    ..."¡bravo!|até a próxima|수고하셨습니다|danke!|merci|شكراً|धन्यवाद|спасибо!".split("|"),
  ],
};

const names = ("Ada,Bao,Chidi,Dana,Emre,Fatima,Goro,Hana,Ines,Jun,Kofi,Lena,Mei,Noor,Olu,Priya," +
  "Quinn,Rosa,Sora,Tomás,Uma,Vera,Wei,Ximena,Yuki,Zoë").split(",");

/** Most are white; a few like it bright. */
const colours = ["#ffcc00", "#ff6b6b", "#4fd1a5", "#56b4e9", "#d98cff", "#ff9f43"];
const COLOURED = 0.25;
const TOP = 0.06;
const BOTTOM = 0.06;

/** How a client is called by the others. */
export function nameOf(client: number): string {
  return `${names[client % names.length]}${client}`;
}

/** What tells a message of the simulator from all others, as its body's last member. */
export interface MessageTag {
  /** Tells the messages of this run from those of others, a uint32. */
  readonly tag: number;
  /** Of all messages of the run, from 1 on. */
  readonly number: number;
  /** When it was due, in milliseconds since the Unix epoch. */
  readonly dueMs: number;
}

/** Begins the last member of a body. */
const TAG_START = ',"sim":[';

/** The body of a comment as the demo page reads it, or of a like; what is signed comes last. */
export function messageOf(act: Act, { tag, number, dueMs }: MessageTag): Record<string, unknown> {
  const said = act.kind === "like" ? { like: 1 } : commentOf(act);
  const sum = fnv1a(JSON.stringify(said).slice(0, -1));
  return { ...said, sim: [tag, number, dueMs, sum] };
}

function commentOf({ client, mood, pick, repliesTo }: Act) {
  const choices = texts[mood];
  const text = choices[pick % choices.length];
  // Numbers that have little to do with the choice of the words.
  const [place, colour] = [((pick >>> 8) & 0xfff) / 0x1000, ((pick >>> 20) & 0xfff) / 0x1000];
  return {
    t: repliesTo === undefined ? text : `@${nameOf(repliesTo)} ${text}`,
    c: colour < COLOURED ? colours[Math.floor(colour / COLOURED * colours.length)] : "#ffffff",
    p: place < TOP ? "top" : place < TOP + BOTTOM ? "bottom" : "roll",
    n: nameOf(client),
  };
}

const decoder = new TextDecoder();

/**
 * Finds out which of the simulator's messages a body is.
 *
 * @returns Nothing for what somebody else has said, or what was changed on its way.
 */
export function readMessage(body: Uint8Array): MessageTag | undefined {
  const text = decoder.decode(body);
  const at = text.lastIndexOf(TAG_START);
  if (at === -1 || !text.endsWith("]}")) return undefined;
  const [tag, number, dueMs, sum] = text.slice(at + TAG_START.length, -2).split(",").map(Number);
  return fnv1a(text.slice(0, at)) === sum ? { tag, number, dueMs } : undefined;
}
