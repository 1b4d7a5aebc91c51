import { UsageError } from "./failure.ts";

/**
 * Patterns for names that are paths, such as `model/dense/kernel`:
 *
 *     *      characters of one part of a path, or none
 *     **     any characters, also across parts; in front of a slash any number of whole parts, none included
 *     \x     the character x itself: \* is a star, \= an equals sign, \\ a backslash
 */

/** A star, or text that is meant literally. */
type Token = "*" | "**" | "**/" | { readonly text: string };

/** A pattern of `--only`. */
export interface Glob {
  readonly source: string;
  /** Whether it matches all of a name. */
  readonly matches: (name: string) => boolean;
}

export function parseGlob(source: string): Glob {
  const tokens = tokensOf(source);
  if (tokens.length === 0) throw new UsageError("--only takes a name or a pattern, not nothing", "--only 'model/**'");
  const expression = new RegExp(`^${expressionOf(tokens)}$`, "s");
  return { source, matches: (name) => expression.test(name) };
}

/** A change of names of `--rename`. */
export interface Renaming {
  readonly source: string;
  /** The new path of a path that is FROM, or lies inside of it; `undefined` for any other. */
  readonly apply: (path: string) => string | undefined;
}

/** FROM=TO: what matches FROM from the first part of a path on becomes TO, in which the stars stand for the same as in FROM. */
export function parseRenaming(source: string): Renaming {
  const cut = unescapedEquals(source);
  const hint = "--rename 'model/dense=model/hidden', --rename 'block_*=layer_*'";
  if (cut === undefined) throw new UsageError(`--rename takes FROM=TO, not ${JSON.stringify(source)}`, hint);
  const from = tokensOf(withoutSlash(source.slice(0, cut)));
  const to = tokensOf(withoutSlash(source.slice(cut + 1)));
  if (from.length === 0) throw new UsageError(`nothing stands before the = of ${JSON.stringify(source)}`, hint);
  if (starsOf(from).join(" ") !== starsOf(to).join(" ")) {
    const both = "the stars before the = and behind it have to be the same, in the same order";
    throw new UsageError(`${JSON.stringify(source)}: ${both}`, hint);
  }
  const expression = new RegExp(`^${expressionOf(from)}(?=/|$)`, "s");
  return {
    source,
    apply: (path) => {
      const match = expression.exec(path);
      if (match === null) return undefined;
      let star = 1;
      const start = to.map((token) => (typeof token === "string" ? (match[star++] ?? "") : token.text)).join("");
      const renamed = start + path.slice(match[0].length);
      return start === "" ? renamed.slice(1) : renamed; // an empty TO takes the first parts away, and the slash behind them
    },
  };
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  for (const [found] of source.matchAll(/\*\*\/|\*\*|\*|\\.|[^*\\]+|\\/gs)) {
    const before = tokens.at(-1);
    if (found === "**/" && !startsPart(before)) tokens.push("**", { text: "/" });
    else if (found === "*" || found === "**" || found === "**/") tokens.push(found);
    else {
      const text = found.length > 1 && found.startsWith("\\") ? found.slice(1) : found;
      if (typeof before === "object") tokens[tokens.length - 1] = { text: before.text + text };
      else tokens.push({ text });
    }
  }
  return tokens;
}

/** Whether what follows a token is the start of a part of a path. */
function startsPart(before: Token | undefined): boolean {
  return before === undefined || before === "**/" || (typeof before === "object" && before.text.endsWith("/"));
}

const EXPRESSIONS = { "*": "([^/]*)", "**": "(.*)", "**/": "((?:.*/)?)" } as const;

function expressionOf(tokens: readonly Token[]): string {
  return tokens
    .map((token) =>
      typeof token === "string" ? EXPRESSIONS[token] : token.text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"),
    )
    .join("");
}

function starsOf(tokens: readonly Token[]): string[] {
  return tokens.filter((token) => typeof token === "string");
}

function unescapedEquals(source: string): number | undefined {
  const before = /^(?:\\.|[^\\=])*(?==)/s.exec(source);
  return before?.[0].length;
}

function withoutSlash(path: string): string {
  return path.endsWith("/") && !path.endsWith("**/") ? path.slice(0, -1) : path;
}
