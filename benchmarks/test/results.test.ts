import { expect, test } from "vitest";
import { pictures } from "../src/pictures.ts";
import type { Input, Question } from "../src/question.ts";
import { merge, type Result, resultOf, rivalOf } from "../src/results.ts";

const QUESTION: Question = {
  name: "question",
  title: "Ask",
  unit: "bytes",
  growth: "bytes",
  inputs: async () => [],
  rows: [
    { name: "ours", kind: "ours", work: "" },
    { name: "other", kind: "rival", work: "" },
    { name: "rival", kind: "rival", work: "" },
    { name: "floor", kind: "floor", work: "" },
  ],
  bars: [
    { row: "ours", against: "rival", atLeast: 2 },
    { row: "ours", within: 0.5 },
    { row: "ours", memoryBelow: 100 },
    { row: "ours", count: "requests", atMost: 3 },
    { row: "ours", sameRateAs: 1000, atLeast: 0.9 },
  ],
};

/** What is found where ours takes so many seconds, each rival two. */
function found(bytes: number, seconds: number, others: readonly Result[] = []): Result {
  const input: Input = { label: `${bytes}`, path: "", bytes, items: 1, judged: true };
  const rows = QUESTION.rows.map((row) => {
    const ours = { seconds, memory: 100, counts: { requests: 3 } };
    return { row, samples: [row.kind === "ours" ? ours : { seconds: 2 }] };
  });
  return resultOf(QUESTION, input, { rows, disturbed: 0 }, { setup: "here", size: 1000 }, others);
}

test("bars are judged, at their edges too", () => {
  expect(found(1000, 1).bars.map(({ holds }) => holds)).toEqual([true, false, false, true]);
  expect(found(1000, 0.5).bars.map(({ holds }) => holds)).toEqual([true, true, false, true]);
  expect(found(1000, 1.01).bars.map(({ holds }) => holds)).toEqual([false, false, false, true]);
});

test("the rate of another size is a bar where that size was measured", () => {
  const other = found(1000, 1);
  expect(found(8000, 8, [other]).bars.at(-1)).toEqual({
    says: "ours: at least 0.90 × the rate of 1000 B",
    found: "1.0 ×",
    holds: true,
  });
  expect(found(8000, 9, [other]).bars.at(-1)?.holds).toBe(false);
});

test("a row stands beside the rival of its bar, others beside the first", () => {
  const { rows } = found(1000, 1);
  const [ours, , , floor] = rows;
  if (ours === undefined || floor === undefined) throw new Error("there are no rows");
  expect(rivalOf(ours, rows, QUESTION.bars)?.name).toBe("rival");
  expect(rivalOf(floor, rows, QUESTION.bars)?.name).toBe("other");
});

test("a question that is asked anew loses what it had found at the same size", () => {
  const old = [found(1000, 1), found(2000, 1), { ...found(3000, 1), size: 8000 }, { ...found(1, 1), question: "gone" }];
  const merged = merge(old, [found(1000, 2)], [QUESTION]);
  expect(merged.map(({ input, rows }) => [input.bytes, rows[0]?.seconds])).toEqual([
    [1000, 2],
    [3000, 1],
  ]);
});

test("a picture has a curve for each row, and is the same each time", () => {
  const draw = () => pictures([found(1000, 1), found(64_000, 3)], [QUESTION]);
  const [picture] = draw();
  for (const { name } of QUESTION.rows) expect(picture?.svg).toContain(`>${name}</text>`);
  expect(picture?.svg).toContain('fill="#ffffff"');
  expect(draw()).toEqual([picture]);
});

test("one size makes no picture", () => expect(pictures([found(1000, 1)], [QUESTION])).toEqual([]));
