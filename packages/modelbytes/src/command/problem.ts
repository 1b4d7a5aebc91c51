import type { ModelbytesError } from "@modelbytes/bytes";
import type { ModelBase } from "../model-base.ts";
import { EXIT, type ExitCode, exitCodeOf } from "./failure.ts";

/** A problem as `--json` has it. What is not known is null, so that every problem has the same members. */
export interface ProblemJson {
  readonly code: string;
  readonly message: string;
  readonly file: string | null;
  readonly offset: number | null;
  readonly tensor: string | null;
}

export function problemJson({ code, message, file, offset, tensor }: ModelbytesError): ProblemJson {
  return { code, message, file: file ?? null, offset: offset ?? null, tensor: tensor ?? null };
}

/** What opening a model found wrong with its description: damage, and tensors that cannot be read. */
export function openingProblems({ damage, unreadable }: ModelBase): ModelbytesError[] {
  return [...new Set([...damage, ...unreadable.values()])];
}

/**
 * The exit code of a file with these problems. A file is corrupt if any of them says so, and a part that is missing is damage too;
 * if bytes could not be read or are not supported, nobody knows.
 */
export function exitCodeOfAll(problems: readonly unknown[]): ExitCode {
  const codes = new Set(problems.map(exitCodeOf));
  if (codes.has(EXIT.corrupt) || codes.has(EXIT.notFound)) return EXIT.corrupt;
  if (codes.has(EXIT.io)) return EXIT.io;
  return codes.has(EXIT.unsupported) ? EXIT.unsupported : EXIT.fine;
}
