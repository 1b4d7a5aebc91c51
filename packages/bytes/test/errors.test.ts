import { CorruptError, ModelbytesError, NotFoundError, SourceError, UnsupportedError } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";

describe("errors", () => {
  test.each([
    ["CorruptError", CorruptError],
    ["UnsupportedError", UnsupportedError],
    ["NotFoundError", NotFoundError],
    ["SourceError", SourceError],
  ])("%s says what, where and why", (name, Kind) => {
    const cause = new Error("below");
    const error = new Kind("some-code", "it broke", { file: "a.index", offset: 0, tensor: 'w"\udcff', cause });
    expect(error).toBeInstanceOf(ModelbytesError);
    expect(error).toMatchObject({ name, code: "some-code", reason: "it broke", file: "a.index", offset: 0, cause });
    expect(error.message).toBe('a.index, byte 0, tensor "w\\"\\udcff": it broke');
    expect(String(error)).toBe(`${name}: ${error.message}`);
  });

  test("without a place say only why, and have no cause", () => {
    const error = new SourceError("x", "it broke");
    expect(error.message).toBe("it broke");
    expect("cause" in error).toBe(false);
    expect(error.file ?? error.offset ?? error.tensor).toBeUndefined();
  });
});
