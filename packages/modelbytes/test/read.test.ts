import { readdir, readFile } from "node:fs/promises";
import { describe, test } from "vitest";
import { FIXTURES, modelbytes, temporaryDirectory } from "./command.ts";

const MIXED = `${FIXTURES}/golden-mixed/model`;
const DEMO = `${FIXTURES}/demo/ckpt-3`;
const DTYPES = `${FIXTURES}/dtypes/model`;

describe.concurrent("read", { timeout: 30_000 }, () => {
  test.for([
    ["a matrix", [MIXED, "b"], ["float32 [2, 3]", "[[1.0, 2.0, 3.0],", " [4.0, 5.0, 6.0]]"]],
    ["a scalar", [MIXED, "z"], ["float32 []", "1.5"]],
    ["nothing", [MIXED, "e0"], ["float32 [0, 3]", "[]"]],
    ["text", [MIXED, "sub/c"], ["string [2]", '["a", "bc"]']],
    ["a part", [DEMO, "save_counter/.ATTRIBUTES/VARIABLE_VALUE", "--select", ""], ["int64 []", "3"]],
    ["bytes", [DTYPES, "string/matrix", "--select", "0,1:"], ["string [2]", '[b"\\xff\\x00", "naïve 😀"]']],
    ["truth", [DTYPES, "bool/matrix"], ["bool [2, 3]", "[[False, False,  True],", " [ True, False, False]]"]],
    ["int4", [DTYPES, "int4/special", "--select", "-9:"], ["int4 [9]", "[ 7, -8, -7, -6, -5, -4, -3, -2, -1]"]],
    ["variants", [`${FIXTURES}/variants/model`, "list"], ["variant []", "<tensorflow::TensorList, 2 tensors>"]],
    ["V1", [`${FIXTURES}/v1-saver/model.ckpt-7`, "scope/a"], ["int32 []", "3"]],
    ["a readable name", [DEMO, "adam/iteration"], ["int64 []", "3"]],
    ["a name as it is printed", [`${FIXTURES}/names-bytes/model`, "\\xff\\xff"], ["int32 []", "5"]],
  ] as const)("prints %s", async ([, args, lines], { expect }) => {
    const { code, stdout, stderr } = await modelbytes("read", ...args);
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: `${lines.join("\n")}\n` });
  });

  test("summarises a large tensor", async ({ expect }) => {
    const { stdout } = await modelbytes("read", DEMO, "classifier/embedding/embeddings");
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "float32 [200, 16]",
      "[[ 0.55078125,  0.20507812,     0.53125, …,  -0.7285156,  0.76171875,",
      "  -0.91796875],",
    ]);
    expect(stdout.split("\n")).toContain(" …,");
  });

  test("suggests names", async ({ expect }) => {
    const { code, stdout, stderr } = await modelbytes("read", DEMO, "classifer/logits/kernel");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      /^error: \S+ckpt-3, tensor "classifer\/logits\/kernel": there is no tensor of this name\nhint: did you mean classifier\/logits\/kernel, /,
    );
  });

  test.for([
    ["a selection outside", [MIXED, "b", "--select", "0:3"], '"0:3" is not inside dimension 0 of [2, 3]'],
    ["no selection", [MIXED, "b", "--select", "x"], '"x" is no selection'],
    ["too many terms", [MIXED, "z", "--select", "0"], "1 terms of selection for the 0 dimensions"],
    ["a file of no known kind", [MIXED, "b", "--out", "b.txt"], "b.txt does not say what to save"],
  ] as const)("refuses %s", async ([, args, message], { expect }) => {
    const { code, stdout, stderr } = await modelbytes("read", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(`error: ${message}`);
  });

  test("saves .npy, .bin and .json", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    const save = (name: string, file: string) => modelbytes("read", DTYPES, name, "--out", `${folder}/${file}`);
    const [npy] = await Promise.all([
      save("int64/matrix", "a.npy"),
      save("string/matrix", "b.bin"),
      save("float32/special", "c.json"),
      save("string/matrix", "d.json"),
      save("int64/special", "e.json"),
      save("complex64/matrix", "f.json"),
    ]);
    expect(npy).toEqual({ code: 0, stderr: "", stdout: `${folder}/a.npy: int64 [2, 3], 176 bytes\n` });
    const npyFile = await readFile(`${folder}/a.npy`, "latin1");
    expect(npyFile.slice(0, 10)).toBe("\u0093NUMPY\u0001\0v\0");
    expect(npyFile.slice(10, 128)).toMatch(/^\{'descr': '<i8', 'fortran_order': False, 'shape': \(2, 3\), \} +\n$/);
    expect((await readFile(`${folder}/b.bin`)).subarray(0, 11).toString("latin1")).toBe("\u0003\0\0\0\0\0\0\0one");
    const text = await readFile(`${folder}/c.json`, "utf8");
    expect(JSON.parse(text)).toEqual(expect.arrayContaining(["NaN", "Infinity", "-Infinity", 2 ** -149, -0]));
    expect(text).toContain("-0.0");
    const row = ["one", { hex: "ff00" }, "naïve 😀"];
    expect(JSON.parse(await readFile(`${folder}/d.json`, "utf8"))).toEqual([row, row]);
    expect(await readFile(`${folder}/e.json`, "utf8")).toContain("[-9223372036854775808, -9223372036854775807, ");
    expect(JSON.parse(await readFile(`${folder}/f.json`, "utf8"))[0][0]).toHaveLength(2);
  });

  test("leaves nothing behind where it cannot save", async ({ expect, onTestFinished }) => {
    const folder = await temporaryDirectory(onTestFinished);
    const [bfloat16, text, variant, nowhere] = await Promise.all([
      modelbytes("read", DTYPES, "float8_e4m3fn/matrix", "--out", `${folder}/a.npy`),
      modelbytes("read", DTYPES, "int4/matrix", "--out", `${folder}/b.npy`),
      modelbytes("read", `${FIXTURES}/variants/model`, "list", "--out", `${folder}/c.json`),
      modelbytes("read", MIXED, "b", "--out", `${folder}/none/d.npy`),
    ]);
    expect(bfloat16).toEqual({
      code: 4,
      stdout: "",
      stderr: 'error: tensor "float8_e4m3fn/matrix": a .npy file cannot hold float8_e4m3fn: save it as .json or .bin\n',
    });
    expect(text.stderr).toContain("save it as .json or .bin");
    expect(variant).toMatchObject({ code: 4, stdout: "" });
    expect(nowhere.code).toBe(3);
    expect(nowhere.stderr).toMatch(/no such directory to write in\nhint: make the directory first\n$/);
    expect(await readdir(folder)).toEqual([]);
  });
});
