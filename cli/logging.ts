import {
  configure,
  configureSync,
  getConfig,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogRecord,
  type TextFormatter,
} from "@logtape/logtape";
import type { Config } from "./config/schema.ts";
import { LineOutput, type LineOutputDependencies, type LogCounters } from "./line_output.ts";
import { RepeatLimit } from "./repeat_limit.ts";

/** What we log under. */
const CATEGORY = "halley";

/** A value as it is shown. */
function said(value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

/** Writes a value so that it stays one word of one line. */
function valueText(value: unknown): string {
  const text = String(said(value));
  return /^[^\s"=\p{C}]+$/u.test(text) ? text : JSON.stringify(text);
}

/**
 * `2026-01-31T12:00:00.000Z INFO halley.comet message key=value`; what stands in the message does not
 * stand behind it again.
 */
const textFormatter: TextFormatter = getTextFormatter({
  timestamp: (ms) => new Date(ms).toISOString(),
  level: "FULL",
  category: ".",
  value: valueText,
  format({ timestamp, level, category, message, record }) {
    const template = String(record.rawMessage);
    const fields = Object.entries(record.properties)
      .filter(([key]) => !template.includes(`{${key}}`))
      .map(([key, value]) => ` ${key}=${valueText(value)}`);
    return `${timestamp} ${level} ${category} ${message}${fields.join("")}`;
  },
});

const jsonLines = getJsonLinesFormatter({ properties: "flatten" });

/** An object for each line, in which an error is what it says, as in the text: not its stack. */
const jsonFormatter: TextFormatter = (record) => {
  const properties = Object.entries(record.properties).map(([key, value]) => [key, said(value)]);
  return jsonLines({
    ...record,
    message: record.message.map(said),
    properties: Object.fromEntries(properties),
  });
};

/** How the log reaches the world. */
export interface LogDependencies extends Pick<LineOutputDependencies, "write" | "clock"> {
  readonly counters: LogCounters;
}

/** The log of the server. */
export interface Log {
  /** What waits to be written. */
  readonly output: LineOutput;
  /** Says how many lines were left out, if any, before the process ends. */
  end(): void;
}

/**
 * Sends the logs of the server, one line each, where they can never hold it up.
 *
 * @param config What to print and how.
 */
export async function configureLogging(
  { logLevel, logFormat }: Pick<Config, "logLevel" | "logFormat">,
  { write, clock, counters }: LogDependencies,
): Promise<Log> {
  const format = logFormat === "json" ? jsonFormatter : textFormatter;
  const dropped = (count: number) => format(droppedRecord(count, clock.wallMs())).trimEnd();
  const output = new LineOutput({ write, clock, counters, dropped });
  const limit = new RepeatLimit((record) => output.line(format(record).trimEnd()), clock, counters);
  await configure({
    reset: true,
    sinks: {
      out: (record) => limit.log(record),
      all: (record) => output.line(format(record).trimEnd()),
    },
    loggers: [
      { category: CATEGORY, lowestLevel: logLevel, sinks: ["out"] },
      // Whatever the level: who asks later what was done needs every line.
      {
        category: ["halley", "audit"],
        lowestLevel: "info",
        sinks: ["all"],
        parentSinks: "override",
      },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["out"] },
    ],
  });
  return { output, end: () => limit.endPeriod() };
}

/** Lets other lines of {@linkcode configureLogging} be printed from now on, or not. */
export function setLogLevel(lowestLevel: Config["logLevel"]): void {
  const config = getConfig();
  if (config === null) return;
  const loggers = config.loggers.map((logger) =>
    logger.category === CATEGORY ? { ...logger, lowestLevel } : logger
  );
  configureSync({ ...config, reset: true, loggers });
}

function droppedRecord(count: number, timestamp: number): LogRecord {
  const text = "lines were dropped, since nobody took them: ";
  return {
    category: ["halley", "log"],
    level: "warning",
    timestamp,
    message: [text, count, ""],
    rawMessage: `${text}{count}`,
    properties: { count },
  };
}
