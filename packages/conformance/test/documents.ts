// Fenced blocks of Markdown files, and how what they show is compared with what happens.

import { read } from "./workspace.ts";

export interface Block {
  readonly file: string;
  /** The number of its first line inside the fence. */
  readonly line: number;
  /** What stands behind the opening fence: `ts`, `console`, `ts skip: needs the network`. */
  readonly info: string;
  readonly lines: readonly string[];
}

/** The fenced blocks of a Markdown file. */
export function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [index, line] of read(file).split("\n").entries()) {
    if (open === undefined) {
      const fence = /^```(.+)$/.exec(line);
      if (fence !== null) open = { line: index + 2, info: fence[1] ?? "", lines: [] };
      else if (line === "```") open = { line: index + 2, info: "", lines: [] };
    } else if (line === "```") {
      blocks.push({ file, ...open });
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) throw new Error(`${file}:${open.line - 1}: this block does not end`);
  return blocks;
}

export interface Command {
  readonly line: number;
  readonly command: string;
  readonly output: readonly string[];
}

/** The commands of a console block, each with the output shown below it. A backslash at its end continues a command. */
export function commandsOf({ file, line, lines }: Block): Command[] {
  const commands: { line: number; command: string; output: string[] }[] = [];
  for (const [index, text] of lines.entries()) {
    const last = commands.at(-1);
    if (text.startsWith("$ ")) commands.push({ line: line + index, command: text.slice(2), output: [] });
    else if (last === undefined) throw new Error(`${file}:${line + index}: a console block begins with "$ "`);
    else if (last.command.endsWith("\\") && last.output.length === 0) last.command += `\n${text}`;
    else last.output.push(text);
  }
  return commands;
}

/** Times and rates differ from run to run: a number before ns, µs, ms, s, min or …B/s stands for any number. */
export function withoutTimes(text: string): string {
  return text.replace(/\b\d+(?:\.\d+)?( ?(?:ns|µs|ms|s|min|[kMGT]?i?B\/s)(?![\w/]))/g, "#$1");
}

/** Whether `lines` are what `shown` says, where a line `…` stands for any lines. */
export function matches(lines: readonly string[], shown: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return lines.length === 0;
  if (first !== "…")
    return lines[0] !== undefined && withoutTimes(lines[0]) === withoutTimes(first) && matches(lines.slice(1), rest);
  return Array.from({ length: lines.length + 1 }, (_, skipped) => skipped).some((skipped) =>
    matches(lines.slice(skipped), rest),
  );
}
