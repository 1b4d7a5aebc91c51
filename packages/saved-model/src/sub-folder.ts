import type { ListOptions, Sink, Source, WritableFolder } from "@modelbytes/bytes";

/** The folder at `path` of another, as a folder. */
export class SubFolder implements WritableFolder {
  readonly name: string;
  readonly #folder: WritableFolder;
  readonly #path: string;

  constructor(folder: WritableFolder, path: string) {
    this.name = `${folder.name}/${path}`;
    this.#folder = folder;
    this.#path = `${path}/`;
  }

  file(path: string): Source {
    return this.#folder.file(this.#path + path);
  }

  sink(path: string): Sink {
    return this.#folder.sink(this.#path + path);
  }

  async remove(path: string): Promise<void> {
    await this.#folder.remove(this.#path + path);
  }

  async *list(options: ListOptions = {}): AsyncGenerator<string> {
    for await (const path of this.#folder.list({ ...options, recursive: true })) {
      const inside = path.startsWith(this.#path) ? path.slice(this.#path.length) : "";
      if (inside !== "" && (options.recursive !== false || !inside.includes("/"))) yield inside;
    }
  }
}
