// What a benchmark is: a question, the inputs it is asked about, and the rows that answer it, each in a process of its own.
//
//     question     verify: how fast is every byte of a checkpoint checked?
//     input        1 GiB of float32 in 64 tensors
//     row          ours | a rival | the floor: what anyone has to do, and nothing more
//     turn         the rows take turns, in another order each time, so that a busy minute falls on all of them
//     sample       one turn of one row: the median of what it timed

import type { Server } from "./file-server.ts";
import type { Scratch } from "./scratch.ts";

/** How much work a run is. */
export interface Scale {
  /** Bytes of the large files. */
  readonly bytes: number;
  /** Tensors where they are many and small. */
  readonly tensors: number;
  /** Turns of every row. */
  readonly turns: number;
  /** The least that a turn takes, in milliseconds, for work that is shorter. */
  readonly milliseconds: number;
  /** Whether the clock is judged. */
  readonly quick: boolean;
}

/** Where inputs come from. */
export interface Inputs {
  readonly scale: Scale;
  readonly scratch: Scratch;
  readonly server: Server;
}

/** What a question is asked about. It crosses process borders as JSON. */
export interface Input {
  /** E.g. `"1 GiB in 64 tensors"`. */
  readonly label: string;
  /** A file, the prefix of a bundle or a URL; empty where the work needs none. */
  readonly path: string;
  /** Bytes that are worked on. */
  readonly bytes: number;
  /** Things that are worked on: tensors, calls. */
  readonly items: number;
  /** Data files, where that is asked about. */
  readonly shards?: number;
  /** The tensor that is read, where it is one. */
  readonly name?: string;
  /** A file or folder made beside it, for rivals that need one. */
  readonly prepared?: string;
  /** Whether the bars are about this input. */
  readonly judged: boolean;
  /** Whether it is left out of the README although it is judged. */
  readonly unshown?: boolean;
}

/** Numbers that are counted, not timed: requests, bytes that came over the wire. */
export type Counts = Readonly<Record<string, number>>;

/** What a row does again and again. */
export interface Work {
  /** Does it once and throws unless the result is right. */
  readonly run: () => Promise<void> | void;
  /** How often `run` does it, where one time is too short for the clock. */
  readonly repeats?: number;
  /** Whether `run` does it in a process of its own, whose memory nobody measures. */
  readonly elsewhere?: boolean;
  /** What one run counted, averaged over the runs since the last call. */
  readonly counts?: () => Promise<Counts>;
}

/** Who stands in a row. */
export type Kind = "ours" | "rival" | "floor";

/** One way to do what a question asks. */
export interface Row {
  readonly name: string;
  readonly kind: Kind;
  /** Makes ready and gives the work, or nothing where the rival is not installed; a text names a function in `python/rivals/`, e.g. `"hdf5.read_fresh"`. */
  readonly work: string | ((input: Input) => Promise<Work | undefined>);
  /** A new process for each turn, and its first time counts: code is cold and memory is new. */
  readonly fresh?: boolean;
}

/** What has to hold of one row, judged on the inputs that are `judged`. */
export type Bar =
  | { readonly row: string; readonly against: string; readonly atLeast: number }
  | { readonly row: string; readonly sameRateAs: number; readonly atLeast: number }
  | { readonly row: string; readonly memoryBelow: number }
  | { readonly row: string; readonly within: number }
  | { readonly row: string; readonly count: string; readonly atMost: number };

/** The number of an input that a picture of the times grows along. */
export type Growth = "bytes" | "items" | "shards";

/** A question. One file each, in `questions/`. */
export interface Question {
  readonly name: string;
  readonly title: string;
  /** What is fast here: the input's bytes or its items, which are of this name, or the whole as one. */
  readonly unit: "bytes" | "tensors" | "strings" | "times";
  /** What a picture of the times grows along, if one is drawn. */
  readonly growth?: Growth;
  readonly inputs: (inputs: Inputs) => Promise<readonly Input[]>;
  readonly rows: readonly Row[];
  /** Whether the rows are different things, which stand side by side without ratios. */
  readonly unrelated?: boolean;
  readonly bars: readonly Bar[];
}
