import { describe, expect, test } from "vitest";
import { FIXTURES, modelbytesHere } from "./command.ts";

describe("bench", () => {
  test.each([
    ["tensor-bundle", `${FIXTURES}/demo/ckpt-3`, 27, 65_231],
    ["saved-model", "fixtures/saved-model/keras-2-sequential/model", 13, 2928],
    ["keras-hdf5", "fixtures/keras-hdf5/keras-3-functional-model/model.h5", 109, 9208],
  ])("times what there is to do with a %s, and counts its bytes", async (format, path, tensors, bytes) => {
    const { code, stdout } = await modelbytesHere("bench", path, "--json", "--runs", "2");
    expect(code).toBe(0);
    const timing = { milliseconds: expect.any(Number), runs: 2, bytesPerSecond: expect.any(Number) };
    expect(JSON.parse(stdout)).toEqual({
      format,
      tensors,
      rows: [
        { ...timing, name: "raw read, one buffer", bytes: expect.any(Number) },
        { ...timing, name: "open", bytes: null, bytesPerSecond: null },
        { ...timing, name: "verify", bytes: expect.any(Number) },
        { ...timing, name: "stream, new memory", bytes },
      ],
    });
  });

  test("does not time what is damaged, or a Python that is not there", async () => {
    expect(await modelbytesHere("bench", "fixtures/nowhere")).toMatchObject({ code: 3, stdout: "" });
    const outcome = await modelbytesHere(
      "bench",
      `${FIXTURES}/golden-one/model`,
      "--runs",
      "1",
      "--python",
      "./no-python",
    );
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("--python PROGRAM names") });
    expect(outcome.stdout).toMatch(/^stream, new memory {2}/m); // what was timed is not lost
  });
});
