import { configureSync, resetSync } from "@logtape/logtape";

/**
 * Collects what is logged while `body` runs.
 *
 * @param category Whose log.
 * @param body Is given the lines, as `level: text`, which grow.
 */
export async function withLogLines(
  category: readonly string[],
  body: (lines: readonly string[]) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  configureSync({
    reset: true,
    sinks: { lines: ({ level, message }) => void lines.push(`${level}: ${message.join("")}`) },
    loggers: [
      { category: [...category], lowestLevel: "info", sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["lines"] },
    ],
  });
  try {
    await body(lines);
  } finally {
    resetSync();
  }
}
