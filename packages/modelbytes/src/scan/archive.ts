import { ModelbytesError, type WaitOptions } from "@modelbytes/bytes";
import type { KerasArchive } from "@modelbytes/keras-archive";
import type { Severity } from "@modelbytes/saved-model";
import type { ZipArchive, ZipMember } from "@modelbytes/zip";
import { ADVICE, type Advice } from "./advice.ts";
import { scanConfigText } from "./config.ts";
import { type Finding, finding } from "./finding.ts";
import { scanKerasHdf5 } from "./hdf5.ts";

const CONFIG = "config.json";
/** A longer text is no config. */
const MOST_CONFIG: number = 2 ** 28;
/** A flag and a method of a member. */
const ENCRYPTED = 1;
const STORED = 0;

/** What no model needs among its files, by the ending of the name. */
const UNEXPECTED: readonly (readonly [name: RegExp, severity: Severity, reason: string, advice?: Advice])[] = [
  [/^model\.weights\.npz$/i, "critical", "holds weights as pickles", ADVICE.pickledWeights],
  [/\.(?:pkl|pickle|joblib|dill|pt|pth)$/i, "high", "is a pickle by its name"],
  [/\.(?:py|pyc|pyd|pyw|so|dll|dylib|exe|sh|bat|cmd|ps1|jar|whl)$/i, "medium", "is a program by its name"],
];

/** The dangers of a `.keras` archive or folder: of the zip, of its files, of its config and of its weights. */
export async function scanArchive(
  archive: KerasArchive,
  problems: ModelbytesError[],
  options: WaitOptions,
): Promise<Finding[]> {
  const { zip, others, assets } = archive;
  const container =
    zip === undefined
      ? [...others, ...assets.map((path) => `assets/${path}`)].flatMap(unexpected)
      : await scanZip(zip, options);
  const config = scanConfigText(archive.config, CONFIG, { file: "archive", place: { part: CONFIG } });
  const weights = await scanKerasHdf5(archive.weights, problems, options);
  return [
    ...container,
    ...config,
    ...weights.map((each) => ({ ...each, part: `${archive.weightsPath} ${each.part}` })),
  ];
}

/** The dangers of a zip archive that cannot be opened as a model, with those of its config. */
export async function scanZipWithConfig(
  zip: ZipArchive,
  problems: ModelbytesError[],
  options: WaitOptions,
): Promise<Finding[]> {
  const found = await scanZip(zip, options);
  for (const member of zip.members.filter(({ name, size }) => name === CONFIG && size <= MOST_CONFIG)) {
    try {
      const text = new TextDecoder().decode(await zip.read(member, options));
      found.push(...scanConfigText(text, CONFIG, { file: "archive", place: { part: CONFIG } }));
    } catch (error) {
      if (!(error instanceof ModelbytesError)) throw error;
      problems.push(error);
    }
  }
  return found;
}

/** What is before or behind an archive is not read; what a name, a mode or a second directory says may be believed. */
const SEVERITY: Readonly<Record<string, Severity>> = {
  prefix: "medium",
  trailing: "medium",
  range: "medium",
  overlap: "medium",
};
const ADVICE_OF: Readonly<Record<string, Advice>> = {
  name: ADVICE.memberName,
  mode: ADVICE.memberName,
  expansion: ADVICE.expansion,
};

/** The dangers of a zip archive: tricks of its directory and its headers, encrypted members, members that no model has. */
export async function scanZip(zip: ZipArchive, options: WaitOptions): Promise<Finding[]> {
  const { dangers, members } = zip;
  const tricks = dangers.map(({ code, reason, offset }) =>
    finding({
      ...{ severity: SEVERITY[code] ?? "high", what: `zip ${code}`, reason, part: "zip", advice: ADVICE_OF[code] },
      path: members.find(({ localHeaderOffset }) => localHeaderOffset === offset)?.name ?? null,
    }),
  );
  for (const member of members) {
    const { name: path, flags } = member;
    if ((flags & ENCRYPTED) !== 0) {
      const reason = "is encrypted, so nobody can judge it";
      tricks.push(finding({ severity: "medium", what: path, reason, part: "zip", path }));
    }
    const reason = await headerTrick(zip, member, options);
    if (reason !== undefined)
      tricks.push(finding({ severity: "high", what: "zip local-header", reason, part: "zip", path }));
    tricks.push(...unexpected(path));
  }
  return tricks;
}

/** How the header before a member differs from the directory: programs differ in which of them they believe. */
async function headerTrick(zip: ZipArchive, member: ZipMember, options: WaitOptions): Promise<string | undefined> {
  try {
    if (member.method === STORED) await zip.source(member, options);
    else for await (const _ of zip.pieces(member, options)) break; // the header is read before the first piece
  } catch (error) {
    if (!(error instanceof ModelbytesError)) throw error;
    if (error.code === "local-header") return error.reason; // whatever else is wrong is damage, and for `verify`
  }
  return undefined;
}

function unexpected(name: string): Finding[] {
  const found = UNEXPECTED.find(([pattern]) => pattern.test(name));
  if (found === undefined) return [];
  const [, severity, reason, advice] = found;
  return [finding({ severity, what: name, reason, part: "zip", path: name, advice })];
}
