import { CorruptError } from "@modelbytes/bytes";
import { decodeMessage, encodeMessage, type Init } from "@modelbytes/tf-proto";
import { DataType, StructuredValue, TypeSpecClass } from "@modelbytes/tf-proto/messages";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callSignatureOf, namedText, positionalText } from "../src/show/arguments.ts";
import { reprFloat, reprList, reprSet, reprString } from "../src/show/python-text.ts";
import { reprValue } from "../src/show/structured-value.ts";

type Value = Init<StructuredValue>;

function value(init: Value): StructuredValue {
  return decodeMessage(StructuredValue, encodeMessage(StructuredValue, init));
}

/** The lines of one argument without the first and without what they are indented by. */
function argument(init: Value): string {
  return positionalText([value(init)])
    .replace(/^ *Argument #1\n/, "")
    .replaceAll(/^ {10}/gm, "")
    .slice(0, -1);
}

const FLOAT = { tensorDtypeValue: 1 };
const shape = (...sizes: number[]): { dim: { size: bigint }[] } => ({
  dim: sizes.map((size) => ({ size: BigInt(size) })),
});
const tensorShape = (...sizes: number[]): Value => ({ tensorShapeValue: shape(...sizes) });
const tuple = (...values: Value[]): Value => ({ tupleValue: { values } });
const list = (...values: Value[]): Value => ({ listValue: { values } });
const int = (number: number): Value => ({ int64Value: BigInt(number) });
const text = (stringValue: string): Value => ({ stringValue });
const none: Value = { noneValue: {} };
const named: Value = {
  namedTupleValue: {
    name: "P",
    values: [
      { key: "a", value: int(1) },
      { key: "b", value: text("x\n") },
    ],
  },
};
const spec = (name: string, ...sizes: number[]): Value => ({
  tensorSpecValue: { name, shape: shape(...sizes), dtype: 1 },
});
const typeSpec = (kind: string, state: Value, typeSpecClassName = ""): Value => ({
  typeSpecValue: { typeSpecClass: TypeSpecClass.numbers.get(kind) ?? -1, typeState: state, typeSpecClassName },
});
const fields = (...pairs: [string, Value][]): Value => tuple(...pairs.map(([name, each]) => tuple(text(name), each)));

/** What `_print_args` of TensorFlow 2.21 prints. */
const PRINTED: [Value, string][] = [
  [text("it's"), "it's"],
  [spec("x", -1, 2), "x: TensorSpec(shape=(None, 2), dtype=tf.float32, name='x')"],
  [spec("", 3), "None: TensorSpec(shape=(3,), dtype=tf.float32, name=None)"],
  [
    { tensorSpecValue: { name: "é'\n", shape: { unknownRank: true }, dtype: 7 } },
    "é'\n: TensorSpec(shape=<unknown>, dtype=tf.string, name=\"é'\\n\")",
  ],
  [none, "DType: NoneType\nValue: None"],
  [{ boolValue: false }, "DType: bool\nValue: False"],
  [{ int64Value: -(2n ** 63n) }, "DType: int\nValue: -9223372036854775808"],
  [{ float64Value: 1e22 }, "DType: float\nValue: 1e+22"],
  [FLOAT, "DType: DType\nValue: <dtype: 'float32'>"],
  [{ tensorDtypeValue: 120 }, "DType: DType\nValue: <dtype: 'resource_ref'>"],
  [tensorShape(2, -1), "DType: TensorShape\nValue: [2, None, \b\b]"],
  [tensorShape(), "DType: TensorShape\nValue: [\b\b]"],
  [tuple(), "DType: tuple\nValue: [\b\b]"],
  [tuple(tuple(int(1)), tuple()), "DType: tuple\nValue: [(1,), (), \b\b]"],
  [named, "DType: P\nValue: [1, 'x\n', \b\b]"],
  [
    list(
      FLOAT,
      tensorShape(1),
      text("x\n'"),
      none,
      { float64Value: -0 },
      list(FLOAT, tensorShape(1), text("x\n'")),
      named,
    ),
    `DType: list\nValue: [<dtype: 'float32'>, (1,), 'x\n'', None, -0.0, [tf.float32, TensorShape([1]), "x\\n'"], P(a=1, b='x\\n'), \b\b]`,
  ],
  [
    {
      dictValue: {
        fields: new Map([
          ["b", list()],
          ["a'", tuple({ dictValue: { fields: new Map([["k'", none]]) } })],
        ]),
      },
    },
    `DType: dict\nValue: {'a'': ({"k'": None},), 'b': [], \b\b}`,
  ],
  [
    typeSpec("RAGGED_TENSOR_SPEC", tuple(tensorShape(2, -1), { tensorDtypeValue: 3 }, int(1), { tensorDtypeValue: 9 })),
    "DType: RaggedTensorSpec\nValue: RaggedTensorSpec(TensorShape([2, None]), tf.int32, 1, tf.int64)",
  ],
  [
    typeSpec("SPARSE_TENSOR_SPEC", tuple({ tensorShapeValue: { unknownRank: true } }, { tensorDtypeValue: 7 })),
    "DType: SparseTensorSpec\nValue: SparseTensorSpec(TensorShape(None), tf.string)",
  ],
  [
    typeSpec("VARIABLE_SPEC", tuple(tensorShape(2), FLOAT, { boolValue: true }, none)),
    "DType: VariableSpec\nValue: VariableSpec(shape=(2,), dtype=tf.float32, trainable=True, alias_id=None)",
  ],
  [
    typeSpec("ROW_PARTITION_SPEC", tuple(tensorShape(3), tensorShape(-1), tensorShape(-1), { tensorDtypeValue: 9 })),
    "DType: RowPartitionSpec\nValue: RowPartitionSpec(nrows=3, nvals=None, uniform_row_length=None, dtype=tf.int64)",
  ],
  [
    typeSpec("OPTIONAL_SPEC", tuple(spec(""))),
    "DType: OptionalSpec\nValue: OptionalSpec(TensorSpec(shape=(), dtype=tf.float32, name=None),)",
  ],
  [typeSpec("REGISTERED_TYPE_SPEC", tuple(), "tf.NoneTensorSpec"), "DType: NoneTensorSpec\nValue: NoneTensorSpec()"],
  [
    typeSpec("EXTENSION_TYPE_SPEC", fields(["x", spec("", 2)], ["m", none]), "mine.Q"),
    "DType: AnonymousExtensionTypeSpec\nValue: AnonymousExtensionTypeSpec(x=TensorSpec(shape=(2,), dtype=tf.float32, name=None), m=None)",
  ],
  [
    typeSpec(
      "EXTENSION_TYPE_SPEC",
      fields(
        ["_row_partitions", tuple()],
        ["_inner_shape", { tensorSpecValue: { shape: shape(2), dtype: 9 } }],
        ["_static_inner_shape", tensorShape(2, 3)],
      ),
      "tf.DynamicRaggedShape.Spec",
    ),
    "DType: DynamicRaggedShape.Spec\nValue: DynamicRaggedShape.Spec(row_partitions=(), static_inner_shape=TensorShape([2, 3]), dtype=tf.int64)",
  ],
];

describe("arguments as saved_model_cli prints them", () => {
  test.each(PRINTED)("%#", (given, expected) => expect(argument(given)).toBe(expected));

  test("the bounds of a BoundedTensorSpec are arrays", () => {
    const bound = (dtype: number, sizes: number[], values: Init<StructuredValue>["numpyValue"]): string =>
      reprValue(value({ numpyValue: { dtype, tensorShape: shape(...sizes), ...values } }));
    expect(bound(1, [], { floatVal: [-1] })).toBe("array(-1., dtype=float32)");
    expect(bound(1, [3], { floatVal: [-1, 0.5, 1e-9] })).toBe("array([-1.e+00,  5.e-01,  1.e-09], dtype=float32)");
    expect(bound(1, [], { floatVal: [3.4028234663852886e38] })).toBe("array(3.4028235e+38, dtype=float32)");
    expect(bound(1, [2], { floatVal: [4087423.25, 1] })).toBe("array([4.0874232e+06, 1.0000000e+00], dtype=float32)");
    expect(bound(1, [2, 0], {})).toBe("array([], shape=(2, 0), dtype=float32)");
    expect(bound(10, [2], { boolVal: [true, false] })).toBe("array([ True, False])");
    const row = Array(22).fill(7).join(", ");
    expect(bound(3, [24], { intVal: [7] })).toBe(`array([${row},\n       7, 7], dtype=int32)`);
    expect(bound(3, Array(65).fill(1), { intVal: [7] })).toBe("array(…, dtype=int32)");
    expect(bound(9, [2], { int64Val: [-1n, 17n] })).toBe("array([-1, 17])");
    expect(bound(7, [], { stringVal: [new Uint8Array(1)] })).toBe("array(…, dtype=string)");
    expect(bound(1, [2 ** 40], { floatVal: [1] })).toBe("array(…, dtype=float32)");
    const spec = { name: "b", shape: shape(), dtype: 3 };
    const [minimum, maximum] = [-1, 7].map((number) => ({ dtype: 3, tensorShape: shape(), intVal: [number] }));
    expect(argument({ boundedTensorSpecValue: { ...spec, minimum, maximum } })).toBe(
      "b: BoundedTensorSpec(shape=(), dtype=tf.int32, name='b', minimum=array(-1, dtype=int32), maximum=array(7, dtype=int32))",
    );
  });

  test.each<[string, Value]>([
    ["no kind", {}],
    ["no kind inside", tuple(list({}))],
    ["dtype 0", { tensorDtypeValue: 0 }],
    ["a dtype that TensorFlow has not", { tensorDtypeValue: 99 }],
    ["a class that TensorFlow has not", typeSpec("REGISTERED_TYPE_SPEC", tuple(), "mine.Spec")],
    ["a number without a class", typeSpec("UNKNOWN", tuple())],
    ["a state that is no tuple", typeSpec("SPARSE_TENSOR_SPEC", none)],
    ["fields that are no pairs", typeSpec("EXTENSION_TYPE_SPEC", tuple(none), "mine.Q")],
    ["bounds that are missing", { boundedTensorSpecValue: { dtype: 1 } }],
  ])("what Python refuses: %s", (_, given) => expect(() => reprValue(value(given))).toThrow(CorruptError));

  test("the signature of a function is a pair", () => {
    const good = tuple(tuple(int(1)), {
      dictValue: {
        fields: new Map([
          ["y", none],
          ["x", none],
        ]),
      },
    });
    const { positional, named: names } = callSignatureOf(value(good));
    expect([positional.length, names]).toEqual([1, ["x", "y"]]);
    expect(namedText(names)).toBe("        Named Argument #1\n          x\n        Named Argument #2\n          y\n");
    expect(() => callSignatureOf(undefined)).toThrow(CorruptError);
    for (const wrong of [none, tuple(tuple()), tuple(tuple(), tuple()), tuple(tuple(), { dictValue: {} }, none)]) {
      expect(() => callSignatureOf(value(wrong))).toThrow(CorruptError);
    }
  });

  test("every dtype has a name", () => {
    for (const number of DataType.names.keys())
      if (number !== 0) expect(reprValue({ tensorDtypeValue: number })).toMatch(/^tf\.\w+$/);
  });
});

describe("Python's text", () => {
  test.each([
    [0, "0.0"],
    [-0, "-0.0"],
    [1, "1.0"],
    [0.1, "0.1"],
    [1e15, "1000000000000000.0"],
    [1e16, "1e+16"],
    [1.5e16, "1.5e+16"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [1.2345678901234568e17, "1.2345678901234568e+17"],
    [5e-324, "5e-324"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [Number.NaN, "nan"],
  ])("float %d", (number, expected) => expect(reprFloat(number)).toBe(expected));

  test("a float's text means the float", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) =>
        Object.is(Number(reprFloat(number)), number),
      ),
    );
  });

  test.each([
    ["", "''"],
    ["it's", `"it's"`],
    [`it's "so"`, `'it\\'s "so"'`],
    ["\\\t\n\r\0\x7f", "'\\\\\\t\\n\\r\\x00\\x7f'"],
    ["é\xa0\xad", "'é\\xa0\\xad'"],
    ["\u200b\u3000\ue000", "'\\u200b\\u3000\\ue000'"],
    ["🙂\u{e0001}", "'🙂\\U000e0001'"],
  ])("str %j", (given, expected) => expect(reprString(given)).toBe(expected));

  test("lists and sets", () => {
    expect(reprList(["serve", "x y"])).toBe("['serve', 'x y']");
    expect(reprSet(["b", "a", "b"])).toBe("{'a', 'b'}");
    expect(reprSet([])).toBe("set()");
  });
});
