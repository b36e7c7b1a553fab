import {
  configure,
  getJsonLinesFormatter,
  getTextFormatter,
  type TextFormatter,
} from "@logtape/logtape";
import type { Config } from "./config/schema.ts";

/** Writes a value so that it stays one word of one line. */
function valueText(value: unknown): string {
  const text = value instanceof Error ? value.message : String(value);
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

const jsonFormatter = getJsonLinesFormatter({ properties: "flatten" });

/**
 * Sends the logs of the server, one line each, to standard output.
 *
 * @param config What to print and how.
 * @param print Takes a line; standard output when left out.
 */
export async function configureLogging(
  { logLevel, logFormat }: Pick<Config, "logLevel" | "logFormat">,
  print: (line: string) => void = console.log,
): Promise<void> {
  const format = logFormat === "json" ? jsonFormatter : textFormatter;
  await configure({
    reset: true,
    sinks: { out: (record) => print(format(record).trimEnd()) },
    loggers: [
      { category: "halley", lowestLevel: logLevel, sinks: ["out"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["out"] },
    ],
  });
}
