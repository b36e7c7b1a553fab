import { test } from "node:test";
import assert from "node:assert/strict";
import { maskSource } from "./mask.ts";

const dollar = "$";

test("maskSource() blanks comments, strings, templates and patterns, and keeps all else", () => {
  const cases: [string, string][] = [
    ["a; // Deno.x\nb", "a;          \nb"],
    ["a /* Deno.x\n */ b", "a          \n    b"],
    [`f("Deno.x", 'it\\'s')`, `f("      ", '     ')`],
    ['const r = /[/"]`\\//g; x', "const r =           ; x"],
    ["a / b / c", "a / b / c"],
    [`\`one ${dollar}{Deno.x} two\`;`, `\`    ${dollar}{Deno.x}    \`;`],
    [
      `\`${dollar}{f({ a: \`in ${dollar}{b}\` })} "q"\`; y`,
      `\`${dollar}{f({ a: \`   ${dollar}{b}\` })}    \`; y`,
    ],
    ["return /x'y/.test(z)", "return      .test(z)"],
  ];
  for (const [source, masked] of cases) assert.equal(maskSource(source), masked);
});
