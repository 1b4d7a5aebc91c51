// Everything that shows the results: results.md, the README's table, the pictures.

import { type Picture, pictures } from "./pictures.ts";
import type { Question } from "./question.ts";
import { readmeTable, resultsPage, withReadmeTable } from "./report.ts";
import type { Result } from "./results.ts";

/** Where pictures are, from the root of the repository. */
export const PICTURES = "benchmarks/pictures";

/** The text of each file, by its path from the root. `readme` is the README as it stands. */
export function shown(results: readonly Result[], questions: readonly Question[], readme: string): Map<string, string> {
  const drawn = pictures(results, questions);
  const inReadme = [readmeTable(results, questions), drawn.map(pictureInReadme).join("\n")];
  return new Map([
    ["README.md", withReadmeTable(readme, `${inReadme.filter((part) => part !== "").join("\n\n")}\n`)],
    ["benchmarks/results.md", resultsPage(results, questions, drawn)],
    ...drawn.map(({ name, svg }) => [`${PICTURES}/${name}.svg`, svg] as const),
  ]);
}

/** Two beside each other. */
function pictureInReadme({ name, title }: Picture): string {
  return `<img src="${PICTURES}/${name}.svg" width="49%" alt="Growth curve: ${title}">`;
}
