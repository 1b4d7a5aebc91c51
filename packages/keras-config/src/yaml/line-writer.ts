import { CHUNK_LENGTH, joined } from "../joined.ts";

/** What the text counts as after an indicator. */
interface AfterIndicator {
  readonly whitespace: boolean;
  readonly indention: boolean;
}

/**
 * Text with the column that it has reached, and with what PyYAML asks of the last character: whether it was white space, and whether only
 * the marks of block style (`-`, `?`, `:`) and spaces are on the line so far.
 */
export class LineWriter {
  readonly width: number;
  /** Spaces before what begins a line. */
  indent = 0;
  column = 0;
  whitespace = true;
  indention = true;
  readonly #chunks: string[] = [];
  #text = "";

  constructor(width: number) {
    this.width = width;
  }

  /** Text that is neither an indicator nor a line break, all of it ASCII. */
  write(text: string): void {
    this.column += text.length;
    this.#append(text);
  }

  /** A mark of the syntax, after a space where one is needed. */
  writeIndicator(indicator: string, needsSpace: boolean, after: Partial<AfterIndicator> = {}): void {
    const { whitespace = false, indention = false } = after;
    this.write(this.whitespace || !needsSpace ? indicator : ` ${indicator}`);
    this.whitespace = whitespace;
    this.indention &&= indention;
  }

  /** Goes to the margin: of this line if nothing else is on it, otherwise of the next. */
  writeIndent(): void {
    if (!this.indention || this.column > this.indent || (this.column === this.indent && !this.whitespace))
      this.breakLine();
    if (this.column >= this.indent) return;
    this.whitespace = true;
    this.write(" ".repeat(this.indent - this.column));
  }

  breakLine(): void {
    this.whitespace = true;
    this.indention = true;
    this.column = 0;
    this.#append("\n");
  }

  /** After text that continues a line: what follows is neither. */
  endSpace(): void {
    this.whitespace = false;
    this.indention = false;
  }

  text(): string {
    return this.#chunks.join("") + this.#text;
  }

  #append(text: string): void {
    this.#text += text;
    if (this.#text.length <= CHUNK_LENGTH) return;
    this.#chunks.push(joined(this.#text));
    this.#text = "";
  }
}
