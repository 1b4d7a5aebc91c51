/** What is used here of jsfive, which has no types of its own. */
declare module "jsfive" {
  export class Dataset {
    readonly shape: readonly number[];
    readonly dtype: string;
    readonly value: readonly number[];
  }
  export class Group {
    readonly keys: readonly string[];
    get(name: string): Group | Dataset;
  }
  export class File extends Group {
    constructor(bytes: ArrayBuffer, name: string);
  }
}
