import { NotFoundError, UnsupportedError } from "@modelbytes/bytes";
import { type CheckpointValue, converted, formatValue, pythonValue } from "./python-value.ts";
import { type Field, type Piece, parseTemplate } from "./template.ts";

/** The values of a checkpoint by their names: `epoch`, `batch`, and what was logged. */
export type CheckpointValues = Readonly<Record<string, CheckpointValue>>;

/**
 * The file name that `ModelCheckpoint` makes of its template: `template.format(**values)` of Python 3.11, with all of its format
 * specs. Keras counts epochs and batches from one here.
 *
 * Throws a `NotFoundError` (`"no-value"`) with Keras's words for a field without a value, a `TypeError` with Python's for a template
 * or a spec that is none, an `UnsupportedError` (`"template-field"`) for fields that look into their values (`{x.real}`, `{x[0]}`), and
 * a `RangeError` for widths and precisions above 4096.
 */
export function formatCheckpointName(template: string, values: CheckpointValues): string {
  return formatPieces(parseTemplate(template), (name) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    throw new NotFoundError("no-value", `Failed to format this callback filepath: "${template}". Reason: '${name}'`);
  });
}

type Lookup = (name: string) => CheckpointValue;

function formatPieces(pieces: readonly Piece[], lookup: Lookup): string {
  return pieces.map((piece) => (typeof piece === "string" ? piece : formatField(piece, lookup))).join("");
}

/** A field with its value. */
function formatField({ name, conversion, spec }: Field, lookup: Lookup): string {
  const [, first = "", inside] = /^([^.[]*)(.*)$/s.exec(name) ?? [];
  if (first === "" || /^\d+$/.test(first)) {
    throw new TypeError(`the field {${name}} has no name: Keras gives values by their names only`);
  }
  const value = lookup(first);
  if (inside !== "") throw new UnsupportedError("template-field", `the field {${name}} looks into its value`);
  const given = pythonValue(first, value);
  const text = formatPieces(spec, lookup);
  return formatValue(conversion === undefined ? given : converted(given, conversion), text);
}
