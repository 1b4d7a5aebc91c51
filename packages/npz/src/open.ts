import {
  CorruptError,
  inOrder,
  ModelbytesError,
  type SourceLike,
  type SourceOptions,
  toSource,
  UnsupportedError,
  type WaitOptions,
} from "@modelbytes/bytes";
import { openZip, type ZipArchive, type ZipMember } from "@modelbytes/zip";
import { type ArrayFile, memberFile, plainFile } from "./array-file.ts";
import { decodeNpyHeader, FIRST_BYTES, headLength, isNpy, type ReadNpyOptions, type StoredNpy } from "./header.ts";
import { type LocatedArray, NumpyFile } from "./numpy-file.ts";
import { ReadAhead } from "./read-ahead.ts";

/** How a file is opened. */
export interface OpenNumpyOptions extends SourceOptions, WaitOptions, ReadNpyOptions {}

/** The name of an array that has none: the one that numpy.savez gives to the first. */
const NAMELESS = "arr_0";

/** What numpy.savez ends the names of members with. */
const ENDING = ".npy";

/** Headers that are read at once. */
const CONCURRENCY = 8;

/**
 * Opens a `.npy` file: one array, called `arr_0`. Reads its header alone.
 *
 * Rejects with a `NotFoundError` where there is no such file, and with a `CorruptError` or an `UnsupportedError` for what is no array of
 * a tensor's dtype: a pickle is never read.
 */
export async function openNpy(from: SourceLike, options: OpenNumpyOptions = {}): Promise<NumpyFile> {
  const source = toSource(from, options);
  const close = async () => await source.close?.();
  try {
    const file = plainFile(source, await source.size({ signal: options.signal }));
    const stored = await readHeader(file, NAMELESS, options);
    const arrays = [{ name: NAMELESS, file, stored }];
    const around = { check: (waiting: WaitOptions) => readThrough(file, waiting), close };
    return new NumpyFile({ format: "npy", name: file.name, arrays, unreadable: new Map(), ...around });
  } catch (error) {
    await close();
    throw error;
  }
}

/** Reads all of a file, of which no more can be told than whether it can be read. */
async function* readThrough(file: ArrayFile, options: WaitOptions): AsyncGenerator<ModelbytesError, void, undefined> {
  try {
    for await (const piece of file.pieces(options)) void piece;
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    yield error;
  }
}

/**
 * Opens a `.npz` file: the directory of the archive, and the header of each array, which over HTTP is a request for each that does not
 * lie near another. Names are those of the members without `.npy`. What is no tensor is in `unreadable`, and the rest can be read.
 *
 * Rejects as `openZip` does for what is no archive, with an `UnsupportedError` (`"not-npz"`) for an archive without any array.
 */
export async function openNpz(from: SourceLike, options: OpenNumpyOptions = {}): Promise<NumpyFile> {
  const zip = await openZip(new ReadAhead(toSource(from, options)), { signal: options.signal });
  try {
    const unreadable = new Map<string, ModelbytesError>();
    const arrays: LocatedArray[] = [];
    for await (const { name, file, stored } of headersOf(zip, options)) {
      if (stored instanceof ModelbytesError) unreadable.set(name, stored);
      else arrays.push({ name, file, stored });
    }
    if (arrays.length === 0 && [...unreadable.values()].some(({ code }) => code === "no-array")) {
      const what = [...unreadable.keys()].slice(0, 3).join(", ");
      throw new UnsupportedError("not-npz", `a zip archive without arrays, of ${what}`, { file: zip.name });
    }
    const around = { check: (waiting: WaitOptions) => checkArchive(zip, waiting), close: () => zip.close() };
    return new NumpyFile({ format: "npz", name: zip.name, arrays, unreadable, ...around });
  } catch (error) {
    await zip.close();
    throw error;
  }
}

interface Found {
  readonly name: string;
  readonly file: ArrayFile;
  /** The header, or why there is none. */
  readonly stored: StoredNpy | ModelbytesError;
}

/** The headers of all members, in the order of the directory. */
async function* headersOf(zip: ZipArchive, options: OpenNumpyOptions): AsyncGenerator<Found, void, undefined> {
  const members = zip.members.filter(({ name }) => !name.endsWith("/"));
  const counts = new Map<string, number>();
  for (const member of members) counts.set(nameOf(member), (counts.get(nameOf(member)) ?? 0) + 1);
  const tasks = members.map((member) => {
    const name = nameOf(member);
    const file = memberFile(zip, member);
    const run = async (signal: AbortSignal): Promise<Found> => {
      if (counts.get(name) === 1) return { name, file, stored: await headerOf(member, file, { ...options, signal }) };
      const place = { file: zip.name, offset: member.localHeaderOffset, tensor: name };
      return { name, file, stored: new CorruptError("duplicate", "two arrays have this name", place) };
    };
    return { bytes: 0, run };
  });
  yield* inOrder(tasks, { concurrency: CONCURRENCY, bytes: 1, signal: options.signal });
}

function nameOf({ name }: ZipMember): string {
  return name.endsWith(ENDING) ? name.slice(0, -ENDING.length) : name;
}

/** The header of a member. What is wrong with one array is no reason not to read the others. */
async function headerOf(
  member: ZipMember,
  file: ArrayFile,
  options: OpenNumpyOptions,
): Promise<StoredNpy | ModelbytesError> {
  try {
    return await readHeader(file, nameOf(member), options, member.name.endsWith(ENDING));
  } catch (error) {
    if (error instanceof CorruptError || error instanceof UnsupportedError) return error;
    throw error;
  }
}

/** The header of a file, of which `isArray` says whether it is to be an array by its name. */
async function readHeader(
  file: ArrayFile,
  tensor: string,
  options: OpenNumpyOptions,
  isArray = true,
): Promise<StoredNpy> {
  const place = { file: file.name, tensor };
  let head = await file.head(FIRST_BYTES, options);
  if (!isArray && !isNpy(head)) throw new UnsupportedError("no-array", "the member is no .npy file", place);
  const length = headLength(head, file.size, place, options);
  if (length > head.length) head = await file.head(length, options);
  return decodeNpyHeader(head.subarray(0, length), file.size, place, options);
}

/** Checks every byte of the archive. Names of arrays are no paths: whatever they look like, nothing is written to a disk by them. */
async function* checkArchive(zip: ZipArchive, options: WaitOptions): AsyncGenerator<ModelbytesError, void, undefined> {
  for await (const problem of zip.verify(options)) if (problem.code !== "name") yield problem;
}
