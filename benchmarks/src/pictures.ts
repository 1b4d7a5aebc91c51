// Growth curves: the times of a question over its inputs, both axes logarithmic, as SVG. Drawn from results.json by ECharts, which
// needs neither a browser nor a canvas.

import { init } from "echarts/dist/echarts.esm.min.mjs";
import type { Growth, Kind, Question } from "./question.ts";
import type { Result, RowRecord } from "./results.ts";
import { bytesText, countText, secondsText } from "./units.ts";

/** A picture, named as the question is. */
export interface Picture {
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

/** Points that make a curve. */
const LEAST_POINTS = 2;

/** What only a page with a pointer needs, and the numbers of the charts that a process has drawn. */
const FOR_POINTERS = /<style[\s\S]*?<\/style>\n?| (?:class|pointer-events|ecmeta_\w+)="[^"]*"|\bzr\d+-/g;

const WIDTH = 760;
const HEIGHT = 440;

/** Ours are blue and thick, floors grey and dashed. */
const COLOURS: Readonly<Record<Kind, readonly string[]>> = {
  ours: ["#1f5fbf", "#17a2b8"],
  rival: ["#d95f0e", "#7b3294", "#1b7837", "#c51b7d"],
  floor: ["#777777", "#aaaaaa"],
};

interface Axis {
  readonly name: string;
  /** Ticks stand at its powers. */
  readonly base: number;
  readonly text: (value: number) => string;
}

const AXES: Readonly<Record<Growth, Axis>> = {
  bytes: { name: "bytes", base: 16, text: bytesText },
  items: { name: "tensors", base: 10, text: countText },
  shards: { name: "data files", base: 2, text: countText },
};

/** One for each question whose times were measured at several sizes. */
export function pictures(results: readonly Result[], questions: readonly Question[]): Picture[] {
  return questions.flatMap((question) => {
    const { growth, name, title } = question;
    const all = results.filter((result) => result.question === question.name);
    const own = growth === "bytes" ? all : all.filter(({ size }) => size === all[0]?.size);
    if (growth === undefined || new Set(own.map((result) => placeOf(result, growth))).size < LEAST_POINTS) return [];
    return [{ name, title, svg: draw(question, growth, own) }];
  });
}

function placeOf({ input }: Result, growth: Growth): number {
  return input[growth] ?? Number.NaN;
}

function draw(question: Question, growth: Growth, results: readonly Result[]): string {
  const { name, base, text } = AXES[growth];
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  const label = { color: "#333", fontSize: 12 };
  const axis = { type: "log", nameLocation: "middle", nameTextStyle: label, splitLine: { show: true } } as const;
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: question.title, left: "center", top: 10, textStyle: { color: "#111", fontSize: 16 } },
    legend: { top: 38, textStyle: label, itemWidth: 36, itemGap: 32, selectedMode: false },
    grid: { left: 84, right: 28, top: 96, bottom: 56 },
    xAxis: { ...axis, name, nameGap: 32, logBase: base, axisLabel: { ...label, formatter: text } },
    yAxis: { ...axis, name: "time", nameGap: 64, axisLabel: { ...label, formatter: shortSeconds } },
    series: curves(question, growth, results),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg.replaceAll(FOR_POINTERS, "").replace(">\n", `>\n<title>${question.title}</title>\n`)}\n`;
}

/** Rows that start a process for each turn are another story, except where all do. */
function curves(question: Question, growth: Growth, results: readonly Result[]) {
  const warm = question.rows.filter(({ fresh }) => fresh !== true);
  const drawn = warm.length === 0 ? question.rows : warm;
  return drawn.flatMap(({ name, kind }) => {
    const data = points(name, growth, results);
    if (data.length === 0) return [];
    const colours = COLOURS[kind];
    const color =
      colours[drawn.filter((row) => row.kind === kind).findIndex((row) => row.name === name) % colours.length];
    return {
      type: "line" as const,
      name,
      data,
      color: color ?? "#000000",
      lineStyle: { width: kind === "ours" ? 3 : 2, type: kind === "floor" ? ("dashed" as const) : ("solid" as const) },
      symbol: kind === "ours" ? "circle" : kind === "rival" ? "rect" : "diamond",
      symbolSize: 7,
      silent: true,
    };
  });
}

/** The newest time at each size. */
function points(name: string, growth: Growth, results: readonly Result[]): [number, number][] {
  const times = new Map<number, number>();
  for (const result of results.toSorted((a, b) => a.date.localeCompare(b.date))) {
    const row: RowRecord | undefined = result.rows.find((each) => each.name === name);
    if (row !== undefined) times.set(placeOf(result, growth), row.seconds);
  }
  return [...times].sort(([a], [b]) => a - b);
}

/** E.g. `"1 ms"`: what stands at a power of ten. */
function shortSeconds(seconds: number): string {
  return secondsText(seconds).replace(/\.0+ /, " ");
}
