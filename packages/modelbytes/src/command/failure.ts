import type { Shell } from "./shell.ts";

/** What a command ends with; the numbers are part of its contract. */
export const EXIT = {
  fine: 0,
  /** The file is corrupt, or differs. */
  corrupt: 1,
  /** The command was called wrongly. */
  usage: 2,
  /** No such file, checkpoint or tensor. */
  notFound: 3,
  /** The file may be fine, but is not supported. */
  unsupported: 4,
  /** Reading or writing failed. */
  io: 5,
  /** Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command was called wrongly: the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** An error together with what to do about it. Its exit code is that of its cause. */
export class Advice extends Error {
  override readonly name = "Advice";
  override readonly cause: Error;
  readonly hint: string;

  constructor(cause: Error, hint: string) {
    super(cause.message);
    this.cause = cause;
    this.hint = hint;
  }
}

/** Ctrl-C: the reason with which everything is stopped. */
export class Interruption extends Error {
  override readonly name = "Interruption";
}

/** The exit code of an error. What nobody foresaw counts as a failure of this program, never of the file. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Advice) return exitCodeOf(error.cause);
  if (!(error instanceof Error)) return EXIT.io;
  // By name: the classes live in a package that a command which only prints its help does not load.
  switch (error.name) {
    case "CorruptError":
      return EXIT.corrupt;
    case "UsageError":
      return EXIT.usage;
    case "NotFoundError":
      return EXIT.notFound;
    case "UnsupportedError":
      return EXIT.unsupported;
    case "Interruption":
      return EXIT.interrupted;
    default:
      return EXIT.io;
  }
}

/** What to do about an error where the place that threw it does not say. */
const HINTS: Readonly<Record<string, string>> = {
  CorruptError: "get another copy of the file; `modelbytes verify PATH` lists everything that is wrong with it",
  SourceError: "try again, and look at the disk, the network and the permissions",
};

/** Prints an error in one or two lines, with `debug` its stack as well, and returns the exit code. */
export function report(error: unknown, shell: Shell, debug: boolean): ExitCode {
  const code = exitCodeOf(error);
  shell.finish();
  if (debug) shell.raw(`${stackOf(error)}\n`);
  if (code === EXIT.interrupted) return code;
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof Advice || error instanceof UsageError || (error instanceof Error && "code" in error);
  shell.error(known ? message : `unexpected: ${message}`);
  const hint =
    hintOf(error) ?? (known ? undefined : "this is a mistake of modelbytes: `--debug` shows where, please report it");
  if (hint !== undefined) shell.hint(hint);
  return code;
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof Advice || error instanceof UsageError) return error.hint;
  return error instanceof Error ? HINTS[error.name] : undefined;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Advice) return stackOf(error.cause);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stackOf(error.cause)}`;
}
