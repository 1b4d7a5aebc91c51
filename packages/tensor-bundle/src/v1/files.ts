import { NotFoundError, type Source, type WaitOptions } from "@modelbytes/bytes";
import { existing } from "../existing.ts";
import type { Spot } from "../spot.ts";

/** The files of a V1 checkpoint: each a table of its own. */
export interface V1Files {
  /** What errors call the checkpoint. */
  readonly prefix: string;
  readonly shards: readonly Source[];
}

/** The file of this very name; of `<prefix>-?????-of-00002`, as TensorFlow calls a V1 checkpoint of several files, all of them. */
export async function v1Files(spot: Spot, options: WaitOptions): Promise<V1Files | undefined> {
  const whole = spot.isDirectory ? undefined : await existing(spot.file(""), options);
  if (whole !== undefined) return { prefix: spot.name, shards: [whole] };
  const [pattern, count] = /-\?{5}-of-(\d{5})$/.exec(spot.path) ?? [];
  if (pattern === undefined) return undefined;
  const shards = shardsOf(spot.without(pattern), Number(count));
  const first = shards[0] === undefined ? undefined : await existing(shards[0], options);
  return first === undefined ? undefined : { prefix: spot.name, shards };
}

/** The files of a V1 checkpoint that is called so, or so and `-?????-of-00002`. */
export async function v1FilesLike(spot: Spot, options: WaitOptions): Promise<V1Files | undefined> {
  if (spot.isDirectory) return undefined;
  const files = await v1Files(spot, options);
  if (files !== undefined) return files;
  const counts = new Set<number>();
  for await (const end of spot.list("", options)) {
    const [, count] = /^-\d{5}-of-(\d{5})$/.exec(end) ?? [];
    if (count !== undefined) counts.add(Number(count));
  }
  const [count, ...others] = counts;
  if (count === undefined) return undefined;
  if (others.length === 0) return { prefix: spot.name, shards: shardsOf(spot, count) };
  const names = [...counts].map((each) => fileNumber(0, each).replace("00000", "?????"));
  const reason = `the files of ${counts.size} checkpoints begin so; those of one end with ${names.join(" or ")}`;
  throw new NotFoundError("several-checkpoints", reason, { file: spot.name });
}

function shardsOf(stem: Spot, count: number): Source[] {
  return Array.from({ length: count }, (_, id) => stem.file(fileNumber(id, count)));
}

/** How the name of one of several files ends: `-00000-of-00001`. */
export function fileNumber(id: number, count: number): string {
  return `-${String(id).padStart(5, "0")}-of-${String(count).padStart(5, "0")}`;
}
