import { type Place, type Source, type SourceLike, toSource, UnsupportedError } from "@modelbytes/bytes";
import { type MetadataFile, openMetadata } from "./metadata-file.ts";

/** Finds the files that a file names. */
export type FindFile = (name: string) => SourceLike;

/** The other files that a file refers to. None is opened unless the caller says where it is. */
export class OtherFiles {
  readonly #find: FindFile | undefined;
  readonly #sources = new Map<string, Source>();
  readonly #files = new Map<string, Promise<MetadataFile>>();

  constructor(find: FindFile | undefined) {
    this.#find = find;
  }

  /** The file of a name, as it is written. Throws an `UnsupportedError` of code `code` where other files are not allowed. */
  source(name: string, code: string, place: Place): Source {
    const known = this.#sources.get(name);
    if (known !== undefined) return known;
    if (this.#find === undefined) {
      const reason = `this leads to another file, ${JSON.stringify(name)}: pass \`external\`, which says where it is`;
      throw new UnsupportedError(code, reason, place);
    }
    const source = toSource(this.#find(name));
    this.#sources.set(name, source);
    return source;
  }

  /** The same as an HDF5 file. All callers share it, so no caller's signal reaches its opening. */
  async file(name: string, code: string, place: Place): Promise<MetadataFile> {
    const source = this.source(name, code, place);
    const known = this.#files.get(name);
    if (known !== undefined) return await known;
    const opening = openMetadata(source, { others: this });
    opening.catch(() => this.#files.delete(name));
    this.#files.set(name, opening);
    return await opening;
  }

  /** Lets go of them all. */
  async close(): Promise<void> {
    const sources = [...this.#sources.values()];
    this.#sources.clear();
    this.#files.clear();
    await Promise.all(sources.map((source) => source.close?.()));
  }
}
