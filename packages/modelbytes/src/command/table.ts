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
  widths[0] = Math.min(first, Math.max(room, NARROWEST));
  return cells.map((row) =>
    row
      .map((cell, at) => padded(at === 0 ? shortened(cell, widths[0] ?? 0) : cell, widths[at] ?? 0, titles[at]?.align))
      .join(GAP)
      .trimEnd(),
  );
}

function padded(cell: string, width: number, align: Column["align"] | undefined): string {
  const padding = " ".repeat(Math.max(width - lengthOf(cell), 0));
  return align === "right" ? padding + cell : cell + padding;
}
