import { NotFoundError } from "@modelbytes/bytes";
import { latestCheckpoint } from "@modelbytes/tensor-bundle";
import { EXIT, type ExitCode } from "./failure.ts";
import { stringify } from "./json.ts";
import { toLocation } from "./location.ts";
import type { Shell } from "./shell.ts";
import { printable } from "./text.ts";

export interface LatestOptions {
  readonly json?: true;
}

/** `modelbytes latest DIR`: what `tf.train.latest_checkpoint` returns, and exit code 3 for its None. */
export async function latest(path: string, { json }: LatestOptions, shell: Shell): Promise<ExitCode> {
  const prefix = await latestCheckpoint(toLocation(path), shell);
  if (prefix === undefined) {
    const reason = "no newest checkpoint: no `checkpoint` file, or the files that it names are not there";
    throw new NotFoundError("not-found", reason, { file: path });
  }
  shell.print(json === true ? stringify({ path: prefix }) : printable(prefix));
  return EXIT.fine;
}
