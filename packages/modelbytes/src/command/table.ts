import { lengthOf, shortened } from "./text.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

const GAP = "  ";
/** A name is not cut below this, whatever the terminal. */
const NARROWEST = 16;

/**
 * The lines of a table, its titles first. Where there are `columns` of a terminal, the first column is shortened until the
 * lines fit; without them nothing is.
 */
export function formatTable(
  titles: readonly Column[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string[] {
  const cells = [titles.map(({ title }) => title), ...rows];
  const widths = titles.map((_, at) => cells.reduce((width, row) => Math.max(width, lengthOf(row[at] ?? "")), 0));
  const [first = 0, ...others] = widths;
  const room = columns === undefined ? first : columns - others.reduce((sum, width) => sum + width + GAP.length, 0);
  const width = Math.min(first, Math.max(room, NARROWEST));
  widths[0] = width;
  const names = tellingApart(
    cells.map(([name = ""]) => name),
    width,
  );
  return cells.map((row, line) =>
    row
      .map((cell, at) => padded(at === 0 ? (names[line] ?? cell) : cell, widths[at] ?? 0, titles[at]?.align))
      .join(GAP)
      .trimEnd(),
  );
}

/** How much of a name is its end, as the names of a table are cut: what tells most of them apart. */
const SHARES = [0.5, 0.75, 1, 0.25, 0];

/** The names, cut to a width in the way that leaves most of them different. */
function tellingApart(names: readonly string[], width: number): readonly string[] {
  const ways = SHARES.map((share) => names.map((name) => shortened(name, width, share)));
  const counts = ways.map((way) => new Set(way).size);
  return ways[counts.indexOf(Math.max(...counts))] ?? names;
}

function padded(cell: string, width: number, align: Column["align"] | undefined): string {
  const padding = " ".repeat(Math.max(width - lengthOf(cell), 0));
  return align === "right" ? padding + cell : cell + padding;
}
