import type { Question } from "./question.ts";
import { Refusal } from "./refusal.ts";

/** Where each is, in the order in which they are asked and shown. A row loads its own alone: what others load would fill its heap. */
const PLACES: Readonly<Record<string, () => Promise<Question>>> = {
  verify: async () => (await import("./questions/verify.ts")).verify,
  shards: async () => (await import("./questions/shards.ts")).shards,
  stream: async () => (await import("./questions/stream.ts")).stream,
  "stream-many": async () => (await import("./questions/stream-many.ts")).streamMany,
  "open-list": async () => (await import("./questions/open-list.ts")).openList,
  "open-snappy": async () => (await import("./questions/open-snappy.ts")).openSnappy,
  "read-one": async () => (await import("./questions/read-one.ts")).readOneOfMany,
  select: async () => (await import("./questions/select.ts")).select,
  partitioned: async () => (await import("./questions/partitioned.ts")).partitioned,
  "partitioned-rows": async () => (await import("./questions/partitioned.ts")).partitionedRows,
  strings: async () => (await import("./questions/strings.ts")).strings,
  "remote-one": async () => (await import("./questions/remote-one.ts")).remoteOne,
  "remote-all": async () => (await import("./questions/remote-all.ts")).remoteAll,
  write: async () => (await import("./questions/write.ts")).write,
  "write-many": async () => (await import("./questions/write.ts")).writeMany,
  copy: async () => (await import("./questions/copy.ts")).copy,
  convert: async () => (await import("./questions/convert.ts")).convert,
  "saved-model": async () => (await import("./questions/saved-model.ts")).savedModel,
  "hdf5-read": async () => (await import("./questions/hdf5-read.ts")).hdf5Read,
  "hdf5-list": async () => (await import("./questions/hdf5-list.ts")).hdf5List,
  "hdf5-list-many": async () => (await import("./questions/hdf5-list.ts")).hdf5ListMany,
  "hdf5-select": async () => (await import("./questions/select.ts")).hdf5Select,
  "hdf5-remote": async () => (await import("./questions/hdf5-remote.ts")).hdf5Remote,
  "hdf5-write": async () => (await import("./questions/hdf5-write.ts")).hdf5Write,
  "safetensors-read": async () => (await import("./questions/safetensors.ts")).safetensorsRead,
  "safetensors-list": async () => (await import("./questions/safetensors.ts")).safetensorsList,
  "safetensors-write": async () => (await import("./questions/safetensors.ts")).safetensorsWrite,
  "keras-archive": async () => (await import("./questions/keras-archive.ts")).kerasArchive,
  "keras-config": async () => (await import("./questions/keras-config.ts")).kerasConfig,
  "keras-yaml": async () => (await import("./questions/keras-config.ts")).kerasYaml,
  "start-up": async () => (await import("./questions/start-up.ts")).startUp,
  "start-up-graph": async () => (await import("./questions/start-up.ts")).startUpGraph,
  "bundle-size": async () => (await import("./questions/bundle-size.ts")).bundleSize,
  crc32c: async () => (await import("./questions/crc32c.ts")).crc32c,
  memory: async () => (await import("./questions/memory.ts")).memory,
};

/** All of them. */
export async function allQuestions(): Promise<readonly Question[]> {
  return await Promise.all(Object.keys(PLACES).map(questionNamed));
}

/** The question of this name. Throws where there is none. */
export async function questionNamed(name: string): Promise<Question> {
  const place = PLACES[name];
  if (place === undefined) {
    throw new Refusal(`no benchmark is called ${name}; there are ${Object.keys(PLACES).join(", ")}`);
  }
  return await place();
}
