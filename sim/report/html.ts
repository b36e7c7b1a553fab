import type { Report } from "../types.ts";

/** A report as a page. */
export function htmlPage(report: Report): string {
  return `<!doctype html><title>${report.scenario}</title>`;
}
