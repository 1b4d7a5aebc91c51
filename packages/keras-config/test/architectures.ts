// The architectures of fixtures/keras-config, and what Keras says of them.

import { readdirSync, readFileSync } from "node:fs";
import { type Architecture, type PyValue, parseArchitecture, parseJson } from "../src/index.ts";

const ROOT = new URL("../../../fixtures/keras-config/", import.meta.url);

/** The Kerases that wrote fixtures themselves. */
export const KERASES = ["2.12", "2.15", "3"] as const;

/** What Keras knows of a model. */
export interface Known {
  readonly layers: readonly {
    readonly name: string;
    readonly class: string;
    readonly shape: readonly (number | null)[] | null;
    readonly parameters: number | null;
  }[];
  readonly trainable: number | null;
  readonly frozen: number | null;
}

export function readText(folder: string, file: string): string {
  return readFileSync(new URL(`${folder}/${file}`, ROOT), "utf8");
}

export function files(folder: string): readonly string[] {
  return readdirSync(new URL(`${folder}/`, ROOT));
}

export function read(folder: string, name: string): string {
  return readText(folder, `${name}.json`);
}

/** A text as a value: `text("keras-3", "nested")`, `text("handmade", "keras-1.2-stack")`. */
export function text(folder: string, name: string): PyValue {
  return parseJson(read(`architectures-${folder}`, name));
}

export function architecture(folder: string, name: string): Architecture {
  return parseArchitecture(text(folder, name));
}

/** Every model that a Keras wrote, with what it knows of it. */
export function known(keras: string): readonly (readonly [name: string, known: Known])[] {
  const all: Record<string, Known> = JSON.parse(read(`architectures-keras-${keras}`, "expected"));
  return Object.entries(all);
}

export function handmade(): readonly string[] {
  return files("architectures-handmade").map((file) => file.replace(/\.json$/, ""));
}

export function constructorArguments(keras: string): Readonly<Record<string, readonly string[]>> {
  return JSON.parse(read(`architectures-keras-${keras}`, "constructor-arguments"));
}
