// Names of checkpoints; Python itself judges thousands of them in packages/conformance/test/keras-checkpoint-name.live.test.ts.

import { NotFoundError, UnsupportedError } from "@modelbytes/bytes";
import {
  type CheckpointValues,
  formatCheckpointName,
  latestCheckpointName,
  matchCheckpointName,
} from "@modelbytes/keras-hdf5";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const VALUES = { epoch: 7, batch: 120, val_loss: 0.12345, acc: 1, steps: 1234567n, name: "é😀'", best: true };

describe("names as Python 3.11 makes them", () => {
  test.each([
    ["cp-{epoch:04d}.weights.h5", "cp-0007.weights.h5"],
    ["{epoch:02d}-{val_loss:.2f}.keras", "07-0.12.keras"],
    ["{epoch}-{val_loss}-{acc}", "7-0.12345-1.0"],
    ["{{epoch}}-{epoch:>+5}|{epoch:^5}|{epoch:<5}|{epoch:*=+5}|", "{epoch}-   +7|  7  |7    |+***7|"],
    [
      "{steps:,}|{steps:_}|{steps:012,}|{steps:#x}|{steps:#_b}",
      "1,234,567|1_234_567|0,001,234,567|0x12d687|0b1_0010_1101_0110_1000_0111",
    ],
    [
      "{val_loss:e}|{val_loss:.3g}|{val_loss:%}|{val_loss:.3}|{acc:.3}|{acc:g}|{acc:#g}",
      "1.234500e-01|0.123|12.345000%|0.123|1.0|1|1.00000",
    ],
    [
      "{name}|{name:*^9.2}|{name!r}|{name!a}|{name!r:>12}|",
      `é😀'|***é😀****|"é😀'"|"\\xe9\\U0001f600'"|       "é😀'"|`,
    ],
    ["{best}|{best:d}|{best!s:>6}", "True|1|  True"],
    ["{val_loss:{batch}.{epoch}f}", `${" ".repeat(111)}0.1234500`],
    ["", ""],
  ])("%s", (template, name) => {
    expect(formatCheckpointName(template, VALUES)).toBe(name);
  });

  test.each([
    [0.5, ".0f", "0"],
    [1.5, ".0f", "2"],
    [2.5, ".0f", "2"],
    [0.125, ".2f", "0.12"],
    [1e21, "f", "1000000000000000000000.000000"],
    [1e16, "", "1e+16"],
    [1e-5, "", "1e-05"],
    [123456789, "", "123456789.0"],
    [Number.NaN, "08.1f", "00000nan"],
    [-Infinity, "F", "-INF"],
    [-0, "", "-0.0"],
    [-0.001, "z.1f", "0.0"],
    [5e-324, ".3e", "4.941e-324"],
    [0.1, ".25f", "0.1000000000000000055511151"],
    [1e-5, ".17g", "1.0000000000000001e-05"],
  ])("%f as %s", (value, spec, text) => {
    expect(formatCheckpointName(`{x:${spec}}`, { x: value })).toBe(text);
  });

  test("a field without a value is told with Keras's words", () => {
    const call = () => formatCheckpointName("cp-{epoch}-{mape:.2f}.h5", VALUES);
    expect(call).toThrow(NotFoundError);
    expect(call).toThrow(`Failed to format this callback filepath: "cp-{epoch}-{mape:.2f}.h5". Reason: 'mape'`);
    expect(() => formatCheckpointName("{constructor}", VALUES)).toThrow(NotFoundError);
  });

  test.each([
    ["{", "Single '{' encountered in format string"],
    ["}", "Single '}' encountered in format string"],
    ["{epoch", "expected '}' before end of string"],
    ["{epoch:", "unmatched '{' in format spec"],
    ["{epoch:{batch:{steps}}}", "Max string recursion exceeded"],
    ["{e{poch}", "unexpected '{' in field name"],
    ["{epoch!x}", "Unknown conversion specifier x"],
    ["{epoch!rr}", "expected ':' after conversion specifier"],
    ["{}", "has no name"],
    ["{0}", "has no name"],
    ["{epoch:.2d}", "Precision not allowed in integer format specifier"],
    ["{epoch:s}", "Unknown format code 's' for object of type 'int'"],
    ["{val_loss:d}", "Unknown format code 'd' for object of type 'float'"],
    ["{name:d}", "Unknown format code 'd' for object of type 'str'"],
    ["{name:+}", "Sign not allowed in string format specifier"],
    ["{name:=5}", "'=' alignment not allowed in string format specifier"],
    ["{epoch:,x}", "Cannot specify ',' with 'x'."],
    ["{epoch:,_}", "Cannot specify both ',' and '_'."],
    ["{epoch:.}", "Format specifier missing precision"],
    ["{epoch:abc}", "Invalid format specifier"],
    ["{steps:c}", "%c arg not in range(0x110000)"],
  ])("%s is refused", (template, words) => {
    const call = () => formatCheckpointName(template, VALUES);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(words);
  });

  test("what no name needs is refused", () => {
    expect(() => formatCheckpointName("{epoch:5000}", VALUES)).toThrow(RangeError);
    expect(() => formatCheckpointName("{val_loss:.99999999999f}", VALUES)).toThrow(RangeError);
    expect(() => formatCheckpointName("{epoch.real}", VALUES)).toThrow(UnsupportedError);
    expect(() => formatCheckpointName("{epoch[0]}", VALUES)).toThrow(UnsupportedError);
  });
});

describe("values of names", () => {
  test.each<readonly [string, string, CheckpointValues | undefined]>([
    ["cp-{epoch:04d}.weights.h5", "cp-0007.weights.h5", { epoch: 7 }],
    ["cp-{epoch:04d}.weights.h5", "cp-12345.weights.h5", { epoch: 12345 }],
    ["cp-{epoch:04d}.weights.h5", "cp-7.weights.h5", undefined],
    ["cp-{epoch:04d}.weights.h5", "cp-0007xweights.h5", undefined],
    ["{epoch:02d}-{val_loss:.2f}.h5", "07--0.25.h5", { epoch: 7, val_loss: -0.25 }],
    ["{epoch:02d}-{val_loss:.2f}.h5", "07-0.2.h5", undefined],
    ["{epoch}-{batch}-{epoch}", "3-4-3", { epoch: 3, batch: 4 }],
    ["{epoch}-{batch}-{epoch}", "3-4-5", undefined],
    ["{run}-{epoch}", "a-b-3", { run: "a-b", epoch: 3 }],
    [
      "{steps:,}|{acc:.1%}|{val_loss:.3e}",
      "1,234,567|97.5%|1.235e-01",
      { steps: 1234567n, acc: 0.975, val_loss: 0.1235 },
    ],
    ["{steps:#x}{name!r}", "0x1f'it'", { steps: 31n, name: "it" }],
    ["{val_loss}", "nan", { val_loss: Number.NaN }],
    ["{val_loss:*>8.2f}", "***-0.50", { val_loss: -0.5 }],
    ["plain.h5", "plain.h5", {}],
    ["plain.h5", "plain_h5", undefined],
  ])("%s and %s", (template, name, values) => {
    expect(matchCheckpointName(template, name)).toEqual(values);
  });

  test("made into a name again, they give the same name", () => {
    const epoch = fc.constantFrom("{epoch}", "{epoch:04d}", "{epoch:>6}", "{epoch:,}");
    const loss = fc.constantFrom(
      "{val_loss}",
      "{val_loss:.2f}",
      "{val_loss:+.3e}",
      "{val_loss:010.4f}",
      "{val_loss:.1%}",
    );
    const run = fc.constantFrom("{run}", "{run:_<8}", "{run!r}", "run");
    fc.assert(
      fc.property(
        epoch,
        loss,
        run,
        fc.nat(),
        fc.double({ min: -1e300, max: 1e300 }),
        fc.string(),
        (one, two, three, count, number, text) => {
          const template = `${three}-${one}-${two}.h5`;
          const name = formatCheckpointName(template, { epoch: count, val_loss: number, run: text });
          const values = matchCheckpointName(template, name);
          if (values === undefined)
            expect(template).toContain("!r"); // what repr escapes is not read again
          else expect(formatCheckpointName(template, values)).toBe(name);
        },
      ),
    );
  });

  test("fields that look elsewhere are refused, and long names are none", () => {
    expect(() => matchCheckpointName("{epoch:{batch}}", "7")).toThrow(UnsupportedError);
    expect(() => matchCheckpointName("{epoch.real}", "7")).toThrow(UnsupportedError);
    expect(() => matchCheckpointName("{epoch", "7")).toThrow(TypeError);
    expect(matchCheckpointName("{run}", "a".repeat(5000))).toBeUndefined();
  });

  test("many fields and a name that fits nearly do not take for ever", () => {
    expect(matchCheckpointName("{a}{b}{c}{a}!", "a".repeat(12))).toBeUndefined();
    expect(() => matchCheckpointName("{a}{b}{c}{a}{d}{b}!", "a".repeat(200))).toThrow(RangeError);
  });
});

describe("the latest file", () => {
  const at = (modified: number, ...names: string[]) => names.map((name) => ({ name, modified }));

  test("is the newest that fits", () => {
    const files = [...at(5, "cp-0001.h5"), ...at(9, "cp-0000.h5"), ...at(20, "other.h5")];
    expect(latestCheckpointName("models/cp-{epoch:04d}.h5", files)).toBe("cp-0000.h5");
    expect(latestCheckpointName("none-{epoch}.h5", files)).toBeUndefined();
    expect(latestCheckpointName("cp-0001.h5", files)).toBe("cp-0001.h5");
  });

  test("has the largest name of all that fit where several are as new", () => {
    const files = [...at(9, "cp-1.h5", "cp-2.h5"), ...at(3, "cp-3.h5")];
    expect(latestCheckpointName("cp-{epoch}.h5", files)).toBe("cp-3.h5");
    expect(latestCheckpointName("cp-{epoch}.h5", at(9, "cp-\u{ff5e}.h5", "cp-😀.h5"))).toBe("cp-😀.h5");
  });

  test("is TensorFlow's, where that fits", () => {
    const files = at(9, "cp-1.index");
    expect(latestCheckpointName("cp-{epoch}", files, { checkpoint: "cp-7" })).toBe("cp-7");
    expect(latestCheckpointName("cp-{epoch}", files, { checkpoint: "other-7" })).toBe("cp-1.index");
  });

  test("is looked for with a regular expression", () => {
    expect(latestCheckpointName("cp.{epoch}.h5", at(1, "cp-7_h5"))).toBe("cp-7_h5");
    expect(() => latestCheckpointName("cp({epoch}.h5", at(1, "cp(7.h5"))).toThrow(TypeError);
    expect(latestCheckpointName("cp}{", at(1, "cp}{"))).toBe("cp}{");
  });
});
