import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { run } from "./command.ts";
import { readManifest } from "./workspace.ts";

/** Packs a package as it is published. Gives the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  const { packageManager = "pnpm" } = readManifest("package.json");
  const to = mkdtempSync(join(tmpdir(), "modelbytes-packed-"));
  const args = ["-y", packageManager, "--silent", "-C", `packages/${folder}`, "pack", "--out", join(to, "package.tgz")];
  const { status, stderr } = await run("npx", args);
  if (status !== 0) throw new Error(`packages/${folder} cannot be packed: ${stderr}`);
  return join(to, "package.tgz");
}

/** The files of a tarball, without the folder `package/` that they are in. */
export function filesInside(tarball: string): string[] {
  const bytes = gunzipSync(readFileSync(tarball));
  const text = (from: number, length: number): string =>
    bytes.toString("utf8", from, from + length).replace(/\0.*$/s, "");
  const names: string[] = [];
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
    const folder = text(at + 345, 155);
    const size = Number.parseInt(text(at + 124, 12), 8);
    if (text(at + 156, 1) === "0")
      names.push(`${folder === "" ? "" : `${folder}/`}${text(at, 100)}`.replace(/^package\//, ""));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return names.sort();
}
