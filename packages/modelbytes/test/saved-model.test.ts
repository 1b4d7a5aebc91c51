import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { type Model, openModel } from "modelbytes";
import { describe, test } from "vitest";
import { modelbytes, modelbytesHere, ROOT, SAVED_MODELS, temporaryDirectory } from "./command.ts";

/** What Python says of a fixture, as far as it is compared here. */
interface Expected {
  readonly metaGraphs: readonly {
    readonly tags?: readonly string[];
    readonly signatures: Readonly<Record<string, object>>;
    readonly nodes: number;
    readonly functions: Readonly<Record<string, object>>;
    readonly assets?: readonly { readonly file: string }[];
  }[];
  readonly bundle?: Readonly<
    Record<string, { readonly dtype: string; readonly shape: number[]; readonly sha256: string }>
  >;
}

interface Printed {
  readonly arguments: readonly string[];
  readonly status: number;
  readonly lines: readonly string[];
}

const NAMES = readdirSync(join(ROOT, SAVED_MODELS)).filter((name) =>
  existsSync(join(ROOT, SAVED_MODELS, name, "expected.json")),
);

function pathOf(name: string): string {
  return `${SAVED_MODELS}/${name}/model`;
}

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(ROOT, SAVED_MODELS, name, "expected.json"), "utf8"));
}

/** Sets come in any order in Python, and what `--all` says of functions too. */
function inOneOrder(text: string): string[] {
  const sets = text.replace(/\{('[^{}\n]*')\}/g, (_, items: string) => `{${items.split(", ").sort().join(", ")}}`);
  return sets
    .replace(/Option #\d+/g, "Option")
    .split("\n")
    .sort();
}

describe.concurrent("SavedModels that Python wrote", { timeout: 30_000 }, () => {
  test.for(NAMES)("inspect %s", async (name, { expect }) => {
    const { code, stdout, stderr } = await modelbytesHere("inspect", pathOf(name), "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { metaGraphs, bundle = {} } = expectedOf(name);
    const found: { format: string; tensors: { name: string }[]; metaGraphs: Record<string, unknown>[] } =
      JSON.parse(stdout);
    expect(found.format).toBe("saved-model");
    expect(found.tensors.map((tensor) => tensor.name).sort()).toEqual(Object.keys(bundle).sort());
    const summary = metaGraphs.map(({ tags = [], signatures, nodes, functions, assets = [] }) => ({
      ...{ tags, nodes, functions: Object.keys(functions).length },
      ...{
        assets: assets.map(({ file }) => file),
        signatures: Object.keys(signatures).sort(),
      },
    }));
    expect(
      found.metaGraphs.map(({ tags, nodes, functions, assets, signatures }) => ({
        ...{ tags, nodes, functions, assets },
        signatures: Object.keys(signatures ?? {}).sort(),
      })),
    ).toEqual(summary);
    expect((await modelbytesHere("inspect", pathOf(name), "--tree", "--names", "full")).code).toBe(0);
  });

  test.for(NAMES)("hash %s", async (name, { expect }) => {
    const { stdout } = await modelbytesHere("hash", pathOf(name), "--json");
    const { bundle = {} } = expectedOf(name);
    const hashes = Object.entries(bundle).map(([key, { dtype, shape, sha256 }]) => [key, { dtype, shape, sha256 }]);
    expect(JSON.parse(stdout)).toEqual({ format: "saved-model", tensors: Object.fromEntries(hashes) });
  });

  test.for(NAMES)("verify and scan %s", async (name, { expect }) => {
    const [verified, scanned] = [
      await modelbytesHere("verify", pathOf(name)),
      await modelbytesHere("scan", pathOf(name), "--json"),
    ];
    if (name === "odd-records") expect(verified.stdout).toMatch(/^(?:fingerprint .*\n)+3 problems\n$/);
    else expect(verified).toMatchObject({ code: 0, stderr: "" });
    const { dangerous, findings, problems } = JSON.parse(scanned.stdout);
    expect(problems).toEqual([]);
    expect(scanned.code).toBe(dangerous ? 1 : 0);
    expect(dangerous).toBe(findings.some(({ severity }: { severity: string }) => severity !== "low"));
  });

  test.for(NAMES)("show %s as saved_model_cli", async (name, { expect }) => {
    const printed: Printed[] = JSON.parse(await readFile(join(ROOT, SAVED_MODELS, name, "cli.json"), "utf8"));
    for (const { arguments: args, status, lines } of printed) {
      if (args[0] !== "show" || status !== 0) continue; // Python takes no empty set of tags
      if (name.startsWith("keras-2-sequential") && args.includes("--all")) continue; // Python here cannot load its optimizer
      const { code, stdout } = await modelbytesHere("show", pathOf(name), ...args.slice(3));
      expect({ args, code, lines: inOneOrder(stdout) }).toEqual({
        args,
        code: 0,
        lines: inOneOrder(lines.join("\n")),
      });
    }
  });
});

describe.concurrent("a SavedModel", { timeout: 30_000 }, () => {
  test("is inspected", async ({ expect }) => {
    const [table, tree] = [
      await modelbytesHere("inspect", pathOf("keras-2-sequential"), "--names", "full"),
      await modelbytesHere("inspect", pathOf("tables"), "--tree"),
    ];
    expect(table.stdout.replaceAll(ROOT, "")).toMatchSnapshot();
    expect(tree.stdout.replaceAll(ROOT, "")).toMatchSnapshot();
  });

  test("is told as JSON", async ({ expect }) => {
    const { stdout } = await modelbytesHere("inspect", pathOf("minimal-function"), "--json");
    expect(stdout.replaceAll(ROOT, "")).toMatchSnapshot();
    const keras = JSON.parse((await modelbytesHere("inspect", pathOf("keras-2-sequential"), "--json")).stdout);
    expect(keras).toMatchObject({ kerasVersion: "2.12.0", architecture: { class_name: "Sequential" } });
  });

  test("is found by its file, and says so", async ({ expect }) => {
    const { code, stdout, stderr } = await modelbytes("verify", `${pathOf("nested")}/saved_model.pb`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: `note: reading the SavedModel ${pathOf("nested")}\n` });
    expect(stdout).toMatch(/^ok: 19 tensors, 1,808 bytes, every checksum holds/);
  });

  test("has variables by their keys and by readable names", async ({ expect }) => {
    const key = "list/2/0/.ATTRIBUTES/VARIABLE_VALUE";
    const [byKey, byName] = [
      await modelbytesHere("read", pathOf("nested"), key),
      await modelbytesHere("read", pathOf("nested"), "list/2/0"),
    ];
    expect(byKey.stdout).toMatch(/^float32 \[\]\n/);
    expect(byName).toEqual(byKey);
    const { code, stderr } = await modelbytesHere("read", pathOf("nested"), "list/2/1");
    expect(code).toBe(3);
    expect(stderr).toContain("did you mean");
  });

  test("needs tags that there are", async ({ expect }) => {
    expect(await modelbytes("show", pathOf("nested"), "--tag_set", "gpu")).toEqual({
      code: 3,
      stdout: "",
      stderr: `error: ${pathOf("nested")}/saved_model.pb: no MetaGraph has the tags [gpu]; their tags are: [serve]\n`,
    });
    expect(await modelbytes("show", "fixtures/tensor-bundle/golden-one/model")).toMatchObject({ code: 4, stdout: "" });
  });

  test("that is damaged is told all of it", async ({ expect, onTestFinished }) => {
    const folder = join(await temporaryDirectory(onTestFinished), "model");
    await cp(join(ROOT, pathOf("keras-2-sequential")), folder, { recursive: true });
    await rm(`${folder}/variables/variables.data-00000-of-00001`);
    await writeFile(`${folder}/keras_metadata.pb`, "no message");
    const verified = await modelbytes("verify", folder, "--json");
    expect(verified.code).toBe(1);
    const files: { file: string }[] = JSON.parse(verified.stdout).problems;
    expect(new Set(files.map(({ file }) => file.slice(folder.length + 1)))).toContain("keras_metadata.pb");
    expect(JSON.parse(verified.stdout).problems.map(({ code }: { code: string }) => code)).toContain("shard-missing");
    const inspected = await modelbytes("inspect", folder);
    expect(inspected.code).toBe(1);
    expect(inspected.stdout).toContain("tags serve: ");
    expect(inspected.stderr).toContain("keras_metadata.pb");
  });

  test("that is no message is corrupt", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    await writeFile(`${folder}/saved_model.pb`, "no message at all");
    for (const command of ["inspect", "verify", "scan", "hash"]) {
      expect([command, (await modelbytes(command, folder)).code]).toEqual([command, 1]);
    }
  });
});

/** What is said of a model, apart from where it is. */
async function gist(model: Model): Promise<object> {
  await using open = model;
  if (open.format !== "saved-model") return { format: open.format };
  const { format, signatures, weights, damage } = open;
  const nodes = open.objectGraph()?.nodes.length;
  return { format, signatures: [...signatures.keys()], keys: [...weights.entries.keys()], damage, nodes };
}

describe.concurrent("openModel", { timeout: 30_000 }, () => {
  const directory = join(ROOT, pathOf("minimal-variables"));
  const files = () => {
    const paths = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return new Map(
      paths.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(directory.length + 1), new Uint8Array(readFileSync(path))] as const;
      }),
    );
  };

  test("finds a SavedModel in a path, its file, dropped files and behind a URL", async ({ expect, onTestFinished }) => {
    const wanted = await gist(await openModel(directory));
    expect(wanted).toMatchObject({ format: "saved-model", damage: [] });
    expect(await gist(await openModel(`${directory}/saved_model.pb`))).toEqual(wanted);
    expect(await gist(await openModel(files()))).toEqual(wanted);
    const stored = files();
    const server = createServer((request, response) => {
      const bytes = stored.get(decodeURIComponent(request.url ?? "").slice(1));
      if (bytes === undefined) {
        // A page that lists the directory, as many servers have it.
        return void (request.url?.endsWith("/") ? response.end("<!DOCTYPE html>") : response.writeHead(404).end());
      }
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      const stop = Math.min(Number(last) + 1, bytes.length);
      const range = { "content-range": `bytes ${first}-${stop - 1}/${bytes.length}` };
      response.writeHead(206, range).end(bytes.subarray(Number(first), stop));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    expect(await gist(await openModel(new URL(`http://127.0.0.1:${port}/`)))).toEqual(wanted);
    expect(await gist(await openModel(new URL(`http://127.0.0.1:${port}/saved_model.pb`)))).toEqual(wanted);
    expect(await gist(await openModel(new URL(`http://127.0.0.1:${port}/variables/variables`)))).toEqual({
      format: "tensor-bundle",
    });
  });

  test("opens one without variables", async ({ expect }) => {
    await using model = await openModel(join(ROOT, pathOf("v1-no-variables")));
    expect([...model.weights.entries.keys()]).toEqual([]);
    await expect(model.weights.read("x")).rejects.toMatchObject({ code: "no-tensor" });
    for await (const _ of model.weights.stream()) expect.fail("there is nothing to stream");
  });

  test("opens one with damaged variables if it may", async ({ expect }) => {
    const stored = files();
    stored.set("variables/variables.index", new Uint8Array(100));
    await expect(openModel(stored)).rejects.toMatchObject({ name: "CorruptError" });
    await using model = await openModel(stored, { tolerant: true });
    expect(model.format === "saved-model" && model.damage).toMatchObject([{ name: "CorruptError" }]);
    expect([...model.weights.entries]).toEqual([]);
  });

  test("says what it looked for", async ({ expect }) => {
    await expect(openModel(join(ROOT, "packages"))).rejects.toMatchObject({ code: "not-found" });
    await expect(openModel(new Map())).rejects.toMatchObject({ code: "not-found" });
    await expect(openModel(join(ROOT, "packages/saved_model.pb"))).rejects.toMatchObject({ code: "not-found" });
  });
});
