import { EXIT, Interruption, report } from "./failure.ts";
import { run } from "./program.ts";
import { Shell } from "./shell.ts";

/** Runs the command with the arguments of this process, and returns its exit code. Throws nothing. */
export async function main(args: readonly string[]): Promise<number> {
  const stop = new AbortController();
  // Once: what is written is taken back; a second Ctrl-C ends the process at once.
  process.once("SIGINT", () => stop.abort(new Interruption("interrupted")));
  process.stdout.on("error", closedPipe);
  process.stderr.on("error", closedPipe);
  const shell = new Shell(process.stdout, process.stderr, stop.signal);
  try {
    return await run(args, shell);
  } catch (error) {
    return report(error, shell, args.includes("--debug"));
  } finally {
    shell.finish();
  }
}

/** `modelbytes … | head`: whoever read has seen enough. */
function closedPipe(error: Error): void {
  if ("code" in error && error.code === "EPIPE") process.exit();
  process.exit(EXIT.io);
}
