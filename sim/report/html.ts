import { scenarioTexts } from "../scenario_names.ts";
import type { Finding, Report } from "../types.ts";
import { pageStyle } from "./page_style.ts";
import { runCharts } from "./run_charts.ts";
import { bytes, escapeHtml, figure, milliseconds } from "./text.ts";
import { bandsOf } from "./time_chart.ts";

/** The page runs nothing and fetches nothing, whatever should have got into it. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";

/** A sign beside every word, so that colour says nothing alone. */
function sign(ok: boolean): string {
  return `<span class="sign" aria-hidden="true">${ok ? "✓" : "✗"}</span>`;
}

function result(ok: boolean): string {
  return ok
    ? `<span class="good">${sign(ok)}holds</span>`
    : `<span class="bad">${sign(ok)}FAILED</span>`;
}

/** Whether something was checked and all of it holds. */
function allHold(findings: readonly Finding[]): boolean {
  return findings.length > 0 && findings.every(({ ok }) => ok);
}

/** What the run came to, in one sentence. */
function headline(findings: readonly Finding[]): string {
  const failed = findings.filter(({ ok }) => !ok).length;
  if (findings.length === 0) return "Nothing was checked";
  if (failed === 0) return `All ${findings.length} checks hold`;
  return `${failed} of ${findings.length} checks FAILED`;
}

function verdictOf({ scenario, clients, seed, durationS, findings }: Report): string {
  const failed = findings.filter(({ ok }) => !ok);
  const ok = allHold(findings);
  const what = Object.entries(scenarioTexts).find(([name]) => name === scenario)?.[1];
  const items = failed.map(({ check, text }) =>
    `<li><strong>${escapeHtml(check)}</strong>: ${escapeHtml(text)}</li>`
  );
  return `<header class="verdict ${ok ? "" : "failed"}">
<h1 class="${ok ? "good" : "bad"}">${sign(ok)}${headline(findings)}</h1>
${items.length === 0 ? "" : `<ul>${items.join("")}</ul>`}
<p><strong>halley sim, scenario ${escapeHtml(scenario)}</strong>: ${figure(clients)} clients, ${
    figure(durationS)
  } s, seed ${escapeHtml(String(seed))}</p>
${what === undefined ? "" : `<p class="faint">${escapeHtml(what)}</p>`}
</header>`;
}

function checksOf(findings: readonly Finding[]): string {
  if (findings.length === 0) return '<p class="card">Nothing was checked.</p>';
  const sorted = findings.toSorted((one, other) => Number(one.ok) - Number(other.ok));
  const rows = sorted.map(({ check, ok, text }) =>
    `<tr><td>${result(ok)}</td><td>${escapeHtml(check)}</td><td>${escapeHtml(text)}</td></tr>`
  );
  return `<table class="card"><thead><tr><th>Result</th><th>Check</th><th>What was found</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table>`;
}

/** A word of a command line, quoted where a shell would take it apart. */
function quoted(word: string): string {
  return /^[\w.,:/@%+=[\]-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The command that repeats a run. */
function commandOf(options: readonly string[]): string {
  const words = options.map((option) => {
    const [, flag, value] = /^(--[\w-]+) ([^]*)$/.exec(option) ?? [];
    return flag === undefined ? quoted(option) : `${flag} ${quoted(value)}`;
  });
  return ["halley sim", ...words].join(" ");
}

function section(title: string, content: string): string {
  return `<section><h2>${title}</h2>\n${content}\n</section>`;
}

function failuresOf({ receipts, findings, failures: ofClients }: Report): string {
  const failures = [...receipts.failures, ...ofClients];
  if (failures.length === 0 || allHold(findings)) return "";
  const items = failures.map((failure) => `<li>${escapeHtml(failure)}</li>`);
  return section("The first failures", `<ul class="card list">${items.join("")}</ul>`);
}

function notesOf({ notes }: Report): string {
  const rows = Object.entries(notes).map(([name, value]) => {
    const text = typeof value === "number" ? figure(value, 2) : value;
    return `<tr><th scope="row">${escapeHtml(name.replaceAll("_", " "))}</th>` +
      `<td>${escapeHtml(text)}</td></tr>`;
  });
  if (rows.length === 0) return "";
  return section("Figures of this scenario", `<table class="card">${rows.join("")}</table>`);
}

/** Why messages of clients were refused. */
function refusalsOf({ messages }: Report): string {
  if (messages === undefined || messages.reasons.length === 0) return "";
  const rows = messages.reasons.map(([reason, count]) =>
    `<tr><td>${figure(count)}</td><td>${escapeHtml(reason)}</td></tr>`
  );
  return section(
    "Refused messages",
    `<table class="card"><thead><tr><th>Messages</th><th>Their authors were told</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table>`,
  );
}

function phasesOf({ samples }: Report): string {
  const phases = bandsOf(samples).map(({ name, fromS, toS }, index) =>
    `<span class="phase"><b>${index + 1}</b> ${escapeHtml(name)} <span class="faint">${
      figure(fromS, 1)
    }–${figure(toS, 1)} s</span></span>`
  );
  return phases.length === 0 ? "" : `<p>Phases: ${phases.join(" ")}</p>`;
}

function tile(name: string, value: string, more = "", bad = false): string {
  const mark = bad ? sign(false) : "";
  return `<div class="tile"><dt>${escapeHtml(name)}</dt><dd${bad ? ' class="bad"' : ""}>${mark}${
    escapeHtml(value)
  }${more === "" ? "" : `<small>${escapeHtml(more)}</small>`}</dd></div>`;
}

/** A count that is to be zero. */
function fault(name: string, value: number, more: string): string {
  return tile(name, figure(value), more, value > 0);
}

/** The figures of a run that are looked at first. */
function tiles(report: Report): string {
  const { receipts, latencyMs, server, durationS, heartbeatsMissed } = report;
  const { expected, received, lost, duplicated, reordered, misdelivered } = receipts;
  // Around joins and leaves a delivery may come or not: those that came are not among the expected.
  const atLeast = received > expected && lost === 0 ? "at least " : "";
  const cores = durationS > 0 ? (server?.cpuS ?? 0) / durationS : 0;
  const latency = (ms: number) => milliseconds(received > 0 ? ms : undefined);
  const { messages } = report;
  return [
    tile("Clients", figure(report.clients), `${figure(report.lostConnections)} connections lost`),
    ...(messages === undefined ? [] : [
      tile("Messages taken", figure(messages.taken), `${figure(messages.takenPerS, 1)} a second`),
      tile("Messages refused", figure(messages.refused), "their authors were told why"),
    ]),
    tile("Deliveries received", figure(received), `of ${atLeast}${figure(expected)} expected`),
    fault("Lost", lost, "never came"),
    fault("Doubled", duplicated, "came twice"),
    fault("Reordered", reordered, "came out of order"),
    fault("Misdelivered", misdelivered, "went astray"),
    tile(
      "Heartbeats",
      figure(report.heartbeatsSent),
      `${figure(heartbeatsMissed)} missed`,
      heartbeatsMissed > 0,
    ),
    tile("Latency, median", latency(latencyMs.p50), "from when the push was due"),
    tile("Latency, p99", latency(latencyMs.p99), "99 of 100 were quicker"),
    tile("Latency, longest", latency(latencyMs.max), "of all deliveries"),
    ...(server === undefined ? [] : [
      tile("Server CPU", `${figure(server.cpuS, 1)} s`, `${figure(cores, 2)} cores on average`),
      tile(
        "Server memory",
        bytes(server.rssBytes),
        `grew by ${bytes(server.rssPerClientBytes)} per client`,
      ),
    ]),
  ].join("");
}

/** A report as a page: one file that runs no script and fetches nothing. */
export function htmlPage(report: Report): string {
  const { scenario, findings, options } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(`halley sim ${scenario}: ${headline(findings)}`)}</title>
<style>${pageStyle}</style>
</head>
<body><main>
${verdictOf(report)}
<dl class="tiles">${tiles(report)}</dl>
${section("Checks", checksOf(findings))}
${section("The run", `${phasesOf(report)}<div class="charts">${runCharts(report)}</div>`)}
${failuresOf(report)}
${refusalsOf(report)}
${notesOf(report)}
${section("To repeat this run", `<pre class="card">${escapeHtml(commandOf(options))}</pre>`)}
</main></body>
</html>
`;
}
