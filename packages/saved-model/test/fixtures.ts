import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { canonicalBytes, type Tensor } from "@modelbytes/tensor";

/** The folder of fixtures, as a path. */
export const FIXTURES: string = fileURLToPath(new URL("../../../fixtures/saved-model/", import.meta.url));

/** A tensor of a signature as TensorFlow's own protobuf classes see it. */
export interface ExpectedInfo {
  readonly dtype: string | null;
  readonly shape: readonly number[] | null;
  readonly tensor?: string;
  readonly sparse?: readonly string[];
  readonly components?: readonly ExpectedInfo[];
}

/** A constant of a graph or of a function's body. */
export interface ExpectedConstant {
  /** The function, or `""` for the main graph. */
  readonly in: string;
  readonly node: string;
  readonly dtype: string;
  readonly shape: readonly number[] | null;
  readonly sha256?: string;
  readonly error?: string;
}

/** A variable of an object graph. */
export interface ExpectedVariable {
  readonly node: number;
  readonly path?:
    | readonly string[]
    | { readonly optimizer: string[]; readonly slot: string; readonly variable: string[] };
  readonly key: string;
  readonly name?: string;
  readonly dtype: string;
  readonly shape: readonly number[] | null;
  readonly trainable: boolean;
  readonly sha256?: string;
}

/** A MetaGraph. */
export interface ExpectedMetaGraph {
  readonly tags?: readonly string[];
  readonly signatures: Readonly<
    Record<
      string,
      {
        readonly method: string;
        readonly inputs: Readonly<Record<string, ExpectedInfo>>;
        readonly outputs: Readonly<Record<string, ExpectedInfo>>;
      }
    >
  >;
  readonly nodes: number;
  readonly strippedOps?: readonly string[];
  readonly functions: Readonly<Record<string, object>>;
  readonly constants: readonly ExpectedConstant[];
  readonly assets?: readonly { readonly file: string }[];
  readonly restored?: Readonly<Record<string, { readonly key: string; readonly slice?: string }>>;
  readonly objects?: readonly { readonly kind: string; readonly children: Readonly<Record<string, number>> }[];
  readonly variables?: readonly ExpectedVariable[];
}

/** What a fixture's `expected.json` holds, as far as tests read it. */
export interface Expected {
  readonly pbtxt: string;
  readonly metaGraphs: readonly ExpectedMetaGraph[];
  readonly bundle?: Readonly<
    Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly sha256: string }>
  >;
  readonly fingerprint?: {
    readonly stored?: Readonly<Record<string, string | number>>;
    /** By TensorFlow, where that is something else. */
    readonly computed?: Readonly<Record<string, string | number>>;
  };
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** All fixtures: name, directory of the model, what is in it. */
export const MODELS: readonly (readonly [name: string, directory: string, Expected])[] = readdirSync(FIXTURES)
  .filter((name) => existsSync(join(FIXTURES, name, "expected.json")))
  .map((name) => {
    const expected: Expected = JSON.parse(readFileSync(join(FIXTURES, name, "expected.json"), "utf8"));
    return [name, join(FIXTURES, name, "model"), expected] as const;
  });

/** The directory of a fixture's model. */
export function directoryOf(name: string): string {
  return join(FIXTURES, name, "model");
}

/** The SHA-256 of a tensor over its canonical bytes. */
export function hashOf(tensor: Tensor): string {
  const hash = createHash("sha256");
  for (const piece of canonicalBytes(tensor)) hash.update(piece);
  return hash.digest("hex");
}

/** The files below a directory, by path. */
export function filesIn(directory: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(path.slice(directory.length + 1), readFileSync(path));
  }
  return files;
}
