/** Blanks all but line ends, so that offsets and line numbers stay. */
function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

/** Whether a slash after this code begins a regular expression rather than divides. */
function beginsPattern(before: string): boolean {
  const last = before.trimEnd();
  return last === "" || /[=(,:[!&|?{};+*%~<>^-]$/.test(last) ||
    /\b(?:return|typeof|case|of|in|delete|void|throw|await|yield)$/.test(last);
}

const comment = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const quoted = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y;
const pattern = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const templateText = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;

function match(expression: RegExp, source: string, at: number): string | undefined {
  expression.lastIndex = at;
  return expression.exec(source)?.[0];
}

/**
 * Blanks comments and the insides of strings, templates and regular expressions in TypeScript, so
 * that a search finds code alone. Quotes and every offset stay where they are.
 *
 * @param source TypeScript.
 */
export function maskSource(source: string): string {
  let masked = "";
  // Depth of braces at which each open `${` ends.
  const templates: number[] = [];
  let depth = 0;
  const template = () => {
    masked += blank(match(templateText, source, masked.length) ?? "");
    if (source[masked.length] === "`") masked += "`";
    else if (source.startsWith("${", masked.length)) {
      masked += "${";
      templates.push(depth++);
    }
  };
  while (masked.length < source.length) {
    const at = masked.length;
    const char = source[at];
    const skipped = match(comment, source, at) ??
      (char === "/" && beginsPattern(masked) ? match(pattern, source, at) : undefined);
    const string = match(quoted, source, at);
    if (skipped !== undefined) masked += blank(skipped);
    else if (string !== undefined) masked += char + blank(string.slice(1, -1)) + char;
    else if (char === "`") {
      masked += char;
      template();
    } else {
      masked += char;
      if (char === "{") depth++;
      if (char === "}" && --depth === templates.at(-1)) {
        templates.pop();
        template();
      }
    }
  }
  return masked;
}
