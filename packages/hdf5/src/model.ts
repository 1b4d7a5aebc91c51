/**
 * What an HDF5 file says, as plain data: types, spaces, links, objects. Both engines give these, the writer takes them. Names of
 * links, attributes and members are strings as `decodeName` of `@modelbytes/bytes` gives them, so any bytes survive.
 */

/** In which order the bytes of a number lie. */
export type ByteOrder = "little-endian" | "big-endian";

/** The character set that a string type declares; what the bytes are is another matter. */
export type Charset = "ascii" | "utf-8";

/** How a string shorter than its room ends. */
export type StringPadding = "null-terminated" | "null-padded" | "space-padded";

/** A whole number. `precision` bits from bit `bitOffset` on carry it; in files of h5py these are all of them. */
export interface FixedType {
  readonly class: "fixed";
  /** Bytes of an element. */
  readonly size: number;
  readonly signed: boolean;
  readonly order: ByteOrder;
  readonly bitOffset: number;
  readonly precision: number;
}

/** A floating-point number and where its parts lie, in bits from the lowest one. */
export interface FloatType {
  readonly class: "float";
  readonly size: number;
  readonly order: ByteOrder;
  readonly bitOffset: number;
  readonly precision: number;
  readonly signLocation: number;
  readonly exponentLocation: number;
  readonly exponentSize: number;
  readonly exponentBias: number;
  readonly mantissaLocation: number;
  readonly mantissaSize: number;
  /** Whether the highest bit of the mantissa is left out as it is always 1 (IEEE), kept, or nothing of the kind. */
  readonly normalization: "none" | "kept" | "implied";
}

/** A string in a room of `size` bytes. */
export interface StringType {
  readonly class: "string";
  readonly size: number;
  readonly padding: StringPadding;
  readonly charset: Charset;
}

/** A string of any length, stored elsewhere. `size` is that of the reference to it: 16. */
export interface VlenStringType {
  readonly class: "vlen-string";
  readonly size: number;
  readonly padding: StringPadding;
  readonly charset: Charset;
}

/** A list of any length, stored elsewhere. `size` is that of the reference to it: 16. */
export interface VlenType {
  readonly class: "vlen";
  readonly size: number;
  readonly base: Datatype;
}

/** Bytes of which HDF5 knows nothing: numpy's void types, and bfloat16 as Keras stores it. */
export interface OpaqueType {
  readonly class: "opaque";
  readonly size: number;
  readonly tag: string;
}

/** Bits of which HDF5 knows the number alone. */
export interface BitfieldType {
  readonly class: "bitfield";
  readonly size: number;
  readonly order: ByteOrder;
  readonly bitOffset: number;
  readonly precision: number;
}

/** A moment; no program is known to use it. */
export interface TimeType {
  readonly class: "time";
  readonly size: number;
  readonly order: ByteOrder;
  readonly precision: number;
}

/** A record: `size` bytes that hold the members, each at its offset. */
export interface CompoundType {
  readonly class: "compound";
  readonly size: number;
  readonly members: readonly CompoundMember[];
}

/** A member of a record; `offset` in bytes from the start of the record. */
export interface CompoundMember {
  readonly name: string;
  readonly offset: number;
  readonly type: Datatype;
}

/** Whole numbers with names. h5py's bool is one of base int8 with FALSE = 0 and TRUE = 1. */
export interface EnumType {
  readonly class: "enum";
  readonly size: number;
  readonly base: FixedType;
  readonly members: readonly EnumMember[];
}

/** A name for one value of an enum. */
export interface EnumMember {
  readonly name: string;
  readonly value: bigint;
}

/** A pointer to an object of the file, or to a region of a dataset. */
export interface ReferenceType {
  readonly class: "reference";
  readonly size: number;
  readonly kind: "object" | "region" | "attribute";
}

/** A block of elements in each element. */
export interface ArrayType {
  readonly class: "array";
  readonly size: number;
  readonly base: Datatype;
  readonly shape: readonly number[];
}

/** Two numbers, real and imaginary, as HDF5 2.0 stores them natively; h5py stores a compound of `r` and `i`. */
export interface ComplexType {
  readonly class: "complex";
  readonly size: number;
  readonly base: FloatType;
}

/** What an element is. `size` is the bytes that one takes where a dataset or an attribute stores it. */
export type Datatype =
  | FixedType
  | FloatType
  | StringType
  | VlenStringType
  | VlenType
  | OpaqueType
  | BitfieldType
  | TimeType
  | CompoundType
  | EnumType
  | ReferenceType
  | ArrayType
  | ComplexType;

/**
 * The shape of a dataset or an attribute: `[]` is a scalar, `null` is H5S_NULL, which holds no element at all (h5py's `Empty`);
 * a shape with a zero in it has none either, but it has dimensions.
 */
export type Shape = readonly number[] | null;

/** What a name in a group stands for. Soft and external links may dangle. */
export type Hdf5Link =
  | { readonly kind: "hard" }
  | { readonly kind: "soft"; readonly target: string }
  | { readonly kind: "external"; readonly file: string; readonly target: string }
  | { readonly kind: "user-defined"; readonly type: number };

/** An attribute without its value, which `Hdf5File.attribute` reads. */
export interface Hdf5Attribute {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
}

/** A step that stored chunks went through. `values` are its parameters, as numbers of 32 bits. */
export interface Hdf5Filter {
  /** HDF5's registered number: 1 deflate, 2 shuffle, 3 fletcher32, 32000 LZF. */
  readonly id: number;
  readonly name: string;
  readonly values: readonly number[];
}

/** How a dataset lies in its file. `chunk` is the shape of a chunk, `index` how the chunks are found. */
export type Hdf5Layout =
  | { readonly class: "compact" }
  | { readonly class: "contiguous" }
  | { readonly class: "external" }
  | { readonly class: "virtual" }
  | { readonly class: "chunked"; readonly chunk: readonly number[] };

/** A group: `links` and `attributes` are in the order in which h5py gives them, by name unless the file keeps another. */
export interface Hdf5Group {
  readonly kind: "group";
  readonly path: string;
  readonly attributes: ReadonlyMap<string, Hdf5Attribute>;
  readonly links: ReadonlyMap<string, Hdf5Link>;
  /** The names of `links` in the order in which they were made, where the group tells: those that h5py makes by default do. */
  readonly creationOrder?: readonly string[] | undefined;
}

/** A dataset without its values, which `Hdf5File.read` reads. */
export interface Hdf5Dataset {
  readonly kind: "dataset";
  readonly path: string;
  readonly attributes: ReadonlyMap<string, Hdf5Attribute>;
  readonly datatype: Datatype;
  readonly shape: Shape;
  /** The shape that the dataset may grow to; `null` stands for a dimension without limit. */
  readonly maxShape: readonly (number | null)[] | null;
  readonly layout: Hdf5Layout;
  /** The filters of its chunks in the order in which a writer applies them. */
  readonly filters: readonly Hdf5Filter[];
}

/** A type that was given a name, to be shared by datasets and attributes. */
export interface Hdf5NamedType {
  readonly kind: "datatype";
  readonly path: string;
  readonly attributes: ReadonlyMap<string, Hdf5Attribute>;
  readonly datatype: Datatype;
}

/** What a path leads to. */
export type Hdf5Object = Hdf5Group | Hdf5Dataset | Hdf5NamedType;
