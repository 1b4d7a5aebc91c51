import type { Work } from "./question.ts";

/** Work that does `once` so often in a run, where one time is too short for the clock. */
export function repeated(repeats: number, once: () => unknown): Work {
  const run = () => {
    for (let i = 0; i < repeats; i++) once();
  };
  return { run, repeats };
}
