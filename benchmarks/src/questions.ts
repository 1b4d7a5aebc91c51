import type { Question } from "./question.ts";
import { convert } from "./questions/convert.ts";
import { copy } from "./questions/copy.ts";
import { crc32c } from "./questions/crc32c.ts";
import { hdf5List } from "./questions/hdf5-list.ts";
import { hdf5Read } from "./questions/hdf5-read.ts";
import { hdf5Remote } from "./questions/hdf5-remote.ts";
import { hdf5Write } from "./questions/hdf5-write.ts";
import { kerasArchive } from "./questions/keras-archive.ts";
import { kerasConfig, kerasYaml } from "./questions/keras-config.ts";
import { memory } from "./questions/memory.ts";
import { openList, openSnappy } from "./questions/open-list.ts";
import { readOneOfMany } from "./questions/read-one.ts";
import { remoteOne } from "./questions/remote-one.ts";
import { safetensorsList, safetensorsRead, safetensorsWrite } from "./questions/safetensors.ts";
import { savedModel } from "./questions/saved-model.ts";
import { hdf5Select, select } from "./questions/select.ts";
import { shards } from "./questions/shards.ts";
import { startUp, startUpGraph } from "./questions/start-up.ts";
import { stream } from "./questions/stream.ts";
import { strings } from "./questions/strings.ts";
import { verify } from "./questions/verify.ts";
import { write, writeMany } from "./questions/write.ts";

/** All of them, in the order in which they are asked and shown. */
export const QUESTIONS: readonly Question[] = [
  verify,
  shards,
  stream,
  openList,
  openSnappy,
  readOneOfMany,
  select,
  strings,
  remoteOne,
  write,
  writeMany,
  copy,
  convert,
  savedModel,
  hdf5Read,
  hdf5List,
  hdf5Select,
  hdf5Remote,
  hdf5Write,
  safetensorsRead,
  safetensorsList,
  safetensorsWrite,
  kerasArchive,
  kerasConfig,
  kerasYaml,
  startUp,
  startUpGraph,
  crc32c,
  memory,
];

/** The question of this name. Throws where there is none. */
export function questionNamed(name: string): Question {
  const question = QUESTIONS.find((each) => each.name === name);
  if (question !== undefined) return question;
  throw new Error(`no benchmark is called ${name}; there are ${QUESTIONS.map((each) => each.name).join(", ")}`);
}
