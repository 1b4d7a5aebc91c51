// TypeScript without a compiler: enough of its grammar to tell code from comments, strings and regular expressions.

/** What follows one of these and a slash is a regular expression; after anything else the slash divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|throw|await|yield))\s*$/;

const TOKEN =
  /\/\/.*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*|[`{}]/g;

/** The end of a template's text that starts at `from`: behind its closing backtick, or behind a `${`. */
function templateEnd(code: string, from: number): number {
  for (let at = from; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "`") return at + 1;
    else if (code.startsWith("${", at)) return at + 2;
  }
  return code.length;
}

/** `code` with its comments, and unless `keepStrings` its texts, overwritten by spaces; every place stays where it was. */
export function blank(code: string, keepStrings = false): string {
  let result = "";
  let done = 0;
  const braces: ("block" | "template")[] = [];
  const token = new RegExp(TOKEN);
  const overwrite = (from: number, to: number): void => {
    result += code.slice(done, from) + code.slice(from, to).replace(/[^\n]/g, " ");
    done = to;
  };
  const template = (from: number): void => {
    const end = templateEnd(code, from);
    if (code.startsWith("${", end - 2)) braces.push("template");
    if (!keepStrings) overwrite(from, Math.max(from, end - (code[end - 1] === "`" ? 1 : 2)));
    token.lastIndex = end;
  };
  for (let match = token.exec(code); match !== null; match = token.exec(code)) {
    const [text] = match;
    const comment = text.startsWith("//") || text.startsWith("/*");
    if (text === "`") template(match.index + 1);
    else if (text === "{") braces.push("block");
    else if (text === "}") {
      if (braces.pop() === "template") template(match.index + 1);
    } else if (text.startsWith("/") && !comment && !BEFORE_REGEX.test(result + code.slice(done, match.index))) {
      token.lastIndex = match.index + 1;
    } else if (comment || !keepStrings) {
      overwrite(match.index, match.index + text.length);
    }
  }
  return result + code.slice(done);
}

const IMPORT =
  /(?<![.\w$])(?:import|export)\b(?:[\w\s*{},$]*?\bfrom\b)?\s*["']([^"'\n]+)["']|(?<![.\w$])import\(\s*["']([^"'\n]+)["']/g;

/** What a module imports, exports from and loads: the names between the quotes. */
export function importsOf(code: string): string[] {
  const plain = blank(code);
  return [...blank(code, true).matchAll(IMPORT)]
    .filter(({ index }) => plain[index] !== " ") // not a text that only looks like an import
    .map((match) => match[1] ?? match[2] ?? "");
}

/** The number of the line at a place. */
export function lineAt(code: string, at: number): number {
  return code.slice(0, at).split("\n").length;
}
