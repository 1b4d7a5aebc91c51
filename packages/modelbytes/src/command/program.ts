import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { LOSSES, type Loss } from "../convert/losses.ts";
import type { BenchOptions } from "./bench.ts";
import type { ConvertOptions } from "./convert.ts";
import type { DiffOptions } from "./diff.ts";
import { EXIT, type ExitCode } from "./failure.ts";
import type { HashOptions } from "./hash.ts";
import type { InspectOptions } from "./inspect.ts";
import type { LatestOptions } from "./latest.ts";
import type { ReadOptions } from "./read.ts";
import { fetchWith, headerList } from "./request-header.ts";
import type { SalvageOptions } from "./salvage.ts";
import type { ScanOptions } from "./scan.ts";
import type { Shell } from "./shell.ts";
import type { ShowOptions } from "./show.ts";
import type { VerifyOptions } from "./verify.ts";

const CHECKPOINT = "a checkpoint (its prefix, its directory, one of its files)";
const PATH = `${CHECKPOINT}, the directory of a SavedModel, or the http(s):// URL of any of them`;

/**
 * Parses the arguments and runs the command that they name. Each command is a module of its own that is loaded when it runs, so that
 * none waits for the code of the others.
 */
export async function run(args: readonly string[], shell: Shell): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  const program = newProgram(shell);

  command(
    program,
    "inspect",
    "what it is: format, version, tensors, signatures, object graph",
    "inspect ckpt/model-3 --names full",
  )
    .argument("<path>", PATH)
    .option("--json", "print JSON")
    .option("--tree", "print the objects that the tensors belong to")
    .addOption(namesOption())
    .action(async (path: string, options: InspectOptions) => {
      exitCode = await (await import("./inspect.ts")).inspect(path, options, shell);
    });

  command(program, "verify", "check every byte that can be checked; go on after each problem", "verify ckpt/model-3")
    .argument("<path>", PATH)
    .option("--json", "print JSON")
    .option(
      "--architecture <file>",
      "check too that the weights fit the architecture in this file: a .keras, a whole .h5, JSON, YAML",
    )
    .action(async (path: string, options: VerifyOptions) => {
      exitCode = await (await import("./verify.ts")).verify(path, options, shell);
    });

  command(
    program,
    "hash",
    "a SHA-256 for each tensor, over its canonical bytes",
    "hash ckpt/model-3 --json > hashes.json",
  )
    .argument("<path>", PATH)
    .option("--json", "print JSON")
    .action(async (path: string, options: HashOptions) => {
      exitCode = await (await import("./hash.ts")).hash(path, options, shell);
    });

  command(
    program,
    "read",
    "print one tensor or a part of it, or save it",
    'read ckpt/model-3 dense/kernel --select "0:10,:"',
  )
    .argument("<path>", PATH)
    .argument("<name>", "the tensor: its key, or its readable name (inspect --names full)")
    .option("--select <part>", 'read only this part, for example "0:10,:"')
    .option("--out <file>", "save it as FILE.npy (numpy), FILE.bin (its bytes) or FILE.json (nested arrays)")
    .action(async (path: string, name: string, options: ReadOptions) => {
      exitCode = await (await import("./read.ts")).read(path, name, options, shell);
    });

  command(
    program,
    "diff",
    "which tensors differ, by name, between two models of any formats",
    "diff ckpt/model-3 model.h5 --tolerance 1e-6",
  )
    .argument("<a>", PATH)
    .argument("<b>", PATH)
    .option("--json", "print JSON")
    .option("--tolerance <n>", "how far apart equal numbers may be; without it their bits are compared")
    .addOption(
      new Option(
        "--names <kind>",
        "by which names: the keys, or the readable ones; by default the keys in one format, else the readable ones",
      ).choices(["key", "full"]),
    )
    .action(async (a: string, b: string, options: DiffOptions) => {
      exitCode = await (await import("./diff.ts")).diff(a, b, options, shell);
    });

  command(
    program,
    "convert",
    "write a checkpoint or a SavedModel anew, or one as the other; with other names, fewer tensors, other dtypes",
    "convert ckpt/model-3 slim/model --strip optimizer --cast float32=bfloat16",
  )
    .argument("<in>", PATH)
    .argument(
      "<out>",
      "the prefix of a new checkpoint, or the directory of a new SavedModel; it is made where there is none",
    )
    .option("--to <format>", "the format of OUT: tensor-bundle, or saved-model, as where OUT ends in a slash")
    .addOption(
      new Option(
        "--strip <part>",
        "leave out what only the optimizer needs, or what OUT cannot hold (repeatable)",
      ).argParser(lossList),
    )
    .option("--architecture <file>", "take the architecture from this file: a .keras, a whole .h5, JSON, YAML")
    .option(
      "--only <glob>",
      "keep these tensors, by key or readable name; * stands for any part of a name between slashes, ** also for several (repeatable)",
      listed,
    )
    .option(
      "--cast <from=to>",
      "turn all tensors of one dtype of floats into another, as float32=bfloat16 (repeatable)",
      listed,
    )
    .option(
      "--rename <from=to>",
      "put TO in the place of FROM where names begin with it, as model/dense=model/hidden; stars stand for the same in both: block_*=layer_* (repeatable)",
      listed,
    )
    .option("--shards <n>", "distribute the tensors anew over so many data files")
    .option("--force", "replace what is there")
    .action(async (from: string, out: string, options: ConvertOptions) => {
      exitCode = await (await import("./convert.ts")).convert(from, out, options, shell);
    });

  command(
    program,
    "salvage",
    "save what is whole in a damaged checkpoint to a new one",
    "salvage ckpt/model-3 saved/model-3",
  )
    .argument("<in>", PATH)
    .argument("<out>", "the prefix of the new checkpoint; its directory is made where there is none")
    .option("--force", "replace a checkpoint that is there")
    .action(async (from: string, out: string, options: SalvageOptions) => {
      exitCode = await (await import("./salvage.ts")).salvage(from, out, options, shell);
    });

  command(program, "show", "the text of Python's saved_model_cli show", "show export/1 --all")
    .argument("<directory>", "the directory of a SavedModel, or its http(s):// URL")
    .option("--all", "all that is to be said: signatures, ops and functions")
    .option("--tag_set <tags>", "the tags of a MetaGraph, with commas between them")
    .option("--signature_def <key>", "a signature of that MetaGraph")
    .option("--list_ops", "the ops of that MetaGraph")
    .action(async (path: string, options: ShowOptions) => {
      exitCode = await (await import("./show.ts")).show(path, options, shell);
    });

  command(program, "scan", "what would be dangerous to load or to run in Python; nothing is run", "scan export/1")
    .argument("<path>", PATH)
    .option("--json", "print JSON")
    .action(async (path: string, options: ScanOptions) => {
      exitCode = await (await import("./scan.ts")).scan(path, options, shell);
    });

  command(program, "bench", "how fast this machine reads this file, beside the raw read", "bench ckpt/model-3")
    .argument("<path>", PATH)
    .option("--json", "print JSON")
    .option(
      "--python [program]",
      "time the same in Python (python3, or this one), if it has the packages that it takes",
    )
    .option("--runs <n>", "how often each thing is done; by default three times or more, until 1.5 s are gone")
    .action(async (path: string, options: BenchOptions) => {
      exitCode = await (await import("./bench.ts")).bench(path, options, shell);
    });

  command(program, "latest", "the newest checkpoint of a directory, as tf.train.latest_checkpoint", "latest ckpt/")
    .argument("<directory>", "a directory with a `checkpoint` file, or its http(s):// URL")
    .option("--json", "print JSON")
    .action(async (path: string, options: LatestOptions) => {
      exitCode = await (await import("./latest.ts")).latest(path, options, shell);
    });

  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.fine : EXIT.usage; // it has printed what there is to say
  }
  return exitCode;
}

function newProgram(shell: Shell): Command {
  return new Command("modelbytes")
    .description("Reads, checks and writes TensorFlow checkpoints and SavedModels, byte for byte, without Python.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .option("--debug", "show where an error comes from")
    .addOption(
      new Option(
        "--header <header>",
        "send this with requests to http(s):// URLs: 'Name: value' (repeatable)",
      ).argParser(headerList),
    )
    .hook("preAction", (program) => {
      const { header } = program.opts<{ header?: Headers }>();
      if (header !== undefined) shell.fetch = fetchWith(header);
    })
    .exitOverride()
    .configureOutput({
      writeErr: (text) => shell.raw(text),
      outputError: (text, write) => write(`${text.trimEnd().replaceAll("\n", " ")}\n`),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("hint: `modelbytes --help` and `modelbytes COMMAND --help` show what there is")
    .addHelpText("after", "\nExample:\n  $ modelbytes inspect ckpt/model-3");
}

function command(program: Command, name: string, description: string, example: string): Command {
  return program.command(name).description(description).addHelpText("after", `\nExample:\n  $ modelbytes ${example}`);
}

/** Collects what may be left out. */
function lossList(value: string, before: readonly Loss[] = []): readonly Loss[] {
  const loss = LOSSES.find((each) => each === value);
  if (loss === undefined) throw new InvalidArgumentError(`it is one of ${LOSSES.join(", ")}`);
  return [...before, loss];
}

/** Collects the values of an option that may be given several times. */
function listed(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function namesOption(): Option {
  const choices = ["key", "full"] as const;
  return new Option("--names <kind>", "how tensors are called: by key, or by readable name")
    .choices(choices)
    .default("key");
}

/** The version in the package.json of this package. */
function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const found =
    typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : undefined;
  return String(found);
}
