import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../../", import.meta.url));

/** What a package.json says, as far as the tests read it. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly packageManager?: string;
  readonly files?: readonly string[];
  readonly imports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package of the workspace. `folder` is its name below packages/, by which the README calls it. */
export interface Package {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A file below the root, read as text. */
export function read(path: string): string {
  return readFileSync(ROOT + path, "utf8");
}

export function readManifest(path: string): Manifest {
  return JSON.parse(read(path));
}

/** All that is in packages/, in the order of their names. */
export const PACKAGES: readonly Package[] = readdirSync(`${ROOT}packages`)
  .filter((folder) => existsSync(`${ROOT}packages/${folder}/package.json`))
  .sort()
  .map((folder) => ({ folder, manifest: readManifest(`packages/${folder}/package.json`) }));

/** The packages that are published. */
export const PUBLIC_PACKAGES: readonly Package[] = PACKAGES.filter(({ manifest }) => manifest.private !== true);

/** Whether a package has anything to build. */
export function hasSource({ folder }: Package): boolean {
  return existsSync(`${ROOT}packages/${folder}/src`);
}

/** The files below a folder, installed and built ones aside, whose names end in `ending`, as paths from the root, sorted. */
export function filesBelow(folder: string, ending: string): string[] {
  if (!existsSync(ROOT + folder)) return [];
  return readdirSync(ROOT + folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending) && !/(?:^|\/)(?:node_modules|dist|\.generated)\//.test(name))
    .sort()
    .map((name) => `${folder}/${name}`);
}
