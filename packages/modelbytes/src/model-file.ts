import type { Folder, Source, SourceLike } from "@modelbytes/bytes";

/** A file that is being opened as a model. */
export interface ModelFile {
  readonly source: Source;
  /** What the source was made of: a path or a URL says what is beside the file. */
  readonly from: SourceLike;
  /** The folder that the file was found in, where `from` does not lead there. */
  readonly folder?: Folder | undefined;
  /** Closes the source, if it was made here. */
  release(): Promise<void>;
}
