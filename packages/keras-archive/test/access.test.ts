// From where archives are opened, and how little of them is read.

import { readdirSync, readFileSync } from "node:fs";
import { MemorySink, NotFoundError, type Source, type SourceReadOptions, toSource } from "@modelbytes/bytes";
import { openKerasArchive, writeKerasArchive } from "@modelbytes/keras-archive";
import { describe, expect, test } from "vitest";
import { archiveOf, codeOf, FIXTURES } from "./fixtures.ts";

const FOLDER = `${FIXTURES}keras-3-folder/model`;
const SIDE = 1024;

/** A model of 16 MiB: four layers of 4 MiB. */
const large = await (async () => {
  const data = Float32Array.from({ length: SIDE * SIDE }, (_, index) => index);
  const groups = [0, 1, 2, 3].map((index) => ({
    path: `layers/dense_${index}`,
    name: `dense_${index}`,
    vars: [
      ["0", { dtype: "float32", shape: [SIDE, SIDE], data }],
      ["1", { dtype: "float32", shape: [SIDE], data: data.slice(0, SIDE) }],
    ] as const,
  }));
  const sink = new MemorySink();
  const metadata = { kerasVersion: "3.15.1", dateSaved: "2024-05-06@07:08:10" };
  await writeKerasArchive(sink, { config: "{}", metadata, weights: { groups } });
  return sink.bytes;
})();

class CountingSource implements Source {
  readonly name = "counted.keras";
  readonly roundTripBytes = toSource("a file near by").roundTripBytes;
  requests = 0;
  bytes = 0;
  readonly #source: Source = toSource(large);

  async size(): Promise<number> {
    return await this.#source.size();
  }

  async read(offset: number, length: number, options?: SourceReadOptions): Promise<Uint8Array<ArrayBuffer>> {
    this.requests++;
    this.bytes += length;
    return await this.#source.read(offset, length, options);
  }
}

describe("by ranges", () => {
  test("the config and a weight take a few requests, and the other weights are left where they are", async () => {
    const source = new CountingSource();
    await using archive = await openKerasArchive(source);
    expect(archive.config).toBe("{}");
    const { requests, bytes } = source;
    expect(requests).toBeLessThan(14);
    expect(bytes).toBeLessThan(250_000);
    expect((await archive.read("layers/dense_2/vars/1")).shape).toEqual([SIDE]);
    expect(source.requests).toBeLessThanOrEqual(requests + 1); // what lies beside the structure is at hand
    expect(source.bytes).toBeLessThanOrEqual(bytes + 4 * SIDE);
    const row = await archive.read("dense_3/0", { select: [5], dtype: "float32" });
    expect(row.data[0]).toBe(5 * SIDE);
    expect(source.bytes).toBeLessThanOrEqual(bytes + 8 * SIDE);
  });

  test("of a web server", async () => {
    let bytes = 0;
    let requests = 0;
    const fetch = async (request: Request) => {
      requests++;
      const [, first = "", last = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "") ?? [];
      const end = Math.min(Number(last) + 1, large.length);
      bytes += end - Number(first);
      const headers = { "content-range": `bytes ${first}-${end - 1}/${large.length}`, etag: '"1"' };
      return new Response(large.slice(Number(first), end), { status: 206, headers });
    };
    await using archive = await openKerasArchive(new URL("https://host/model.keras"), { fetch });
    expect((await archive.read("layers/dense_2/vars/1")).shape).toEqual([SIDE]);
    expect(requests).toBeLessThan(10); // which of a source far away are dearer than bytes
    expect(bytes).toBeLessThan(large.length / 4);
  });
});

describe("the same from", () => {
  const bytes = new Uint8Array(archiveOf("keras-3-lookup"));

  test.each([
    ["bytes", bytes],
    ["a Blob", new Blob([bytes])],
    ["a Source", toSource(bytes)],
    ["a file: URL", new URL(`file://${FIXTURES}keras-3-lookup/model.keras`)],
  ])("%s", async (_, from) => {
    await using archive = await openKerasArchive(from);
    expect(archive.metadata?.kerasVersion).toBe("3.15.1");
    expect(archive.zip?.members.length).toBe(6);
  });
});

describe("a folder", () => {
  const files = new Map(
    readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
      .filter((path) => /\.\w+$/.test(path))
      .map((path) => [path, new Uint8Array(readFileSync(`${FOLDER}/${path}`))]),
  );
  const dropped = [...files].map(([path, data]) => {
    const file = new File([data], path.split("/").at(-1) ?? "");
    return Object.assign(file, { webkitRelativePath: `model/${path}` });
  });

  test.each([
    ["a path", FOLDER],
    ["a file: URL", new URL(`file://${FOLDER}`)],
    ["a map", files],
    ["dropped files", dropped],
  ])("as %s", async (_, from) => {
    await using archive = await openKerasArchive(from);
    expect(archive.zip).toBeUndefined();
    expect(archive.metadata?.kerasVersion).toBe("3.15.1");
    expect(archive.assets.length).toBe(3);
    expect(archive.entries.size).toBe(1);
  });

  test("of a web server, which does not tell of assets", async () => {
    const fetch = async (request: Request) => {
      const data = files.get(decodeURIComponent(new URL(request.url).pathname.slice("/model/".length)));
      if (data === undefined) return new Response(null, { status: 404 });
      const [, first = "", last = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "") ?? [];
      const end = Math.min(Number(last) + 1, data.length);
      const headers = { "content-range": `bytes ${first}-${end - 1}/${data.length}` };
      return new Response(data.slice(Number(first), end), { status: 206, headers });
    };
    await using archive = await openKerasArchive(new URL("https://host/model/"), { fetch });
    expect(archive.entries.size).toBe(1);
    expect(archive.assets).toEqual([]);
    expect(Buffer.from(await archive.readAsset("layers/string_lookup/vocabulary.txt")).toString()).toContain("é");
    expect(await codeOf(archive.readAsset("nothing.txt"))).toBe("not-found");
  });

  test("without weights, without a config, and of something else", async () => {
    const without = (...names: string[]) => new Map([...files].filter(([path]) => !names.includes(path)));
    expect(await codeOf(openKerasArchive(without("model.weights.h5")))).toBe("no-weights");
    expect(await codeOf(openKerasArchive(without("config.json")))).toBe("no-config");
    expect(await codeOf(openKerasArchive(new Map([["a.txt", new Uint8Array(1)]])))).toBe("not-keras");
    const pickled = new Map([...without("model.weights.h5"), ["model.weights.npz", new Uint8Array(1)] as const]);
    await expect(openKerasArchive(pickled)).rejects.toThrow("programs that run");
  });

  test("whose files are damaged is found by verify", async () => {
    const damaged = new Map(files).set("config.json", Buffer.from("{"));
    await using archive = await openKerasArchive(damaged);
    const codes: string[] = [];
    for await (const { code } of archive.verify()) codes.push(code);
    expect(codes).toEqual(["model-config"]);
  });
});

test("what is not there", async () => {
  await expect(openKerasArchive(`${FIXTURES}nothing.keras`)).rejects.toThrow(NotFoundError);
  await using archive = await openKerasArchive(archiveOf("keras-3-lookup"));
  expect(await codeOf(archive.readAsset("nothing.txt"))).toBe("no-member");
  expect(await codeOf(archive.read("nothing"))).toBe("no-tensor");
});

test("a signal ends opening with its reason", async () => {
  const signal = AbortSignal.abort("enough");
  await expect(openKerasArchive(archiveOf("keras-3-lookup"), { signal })).rejects.toBe("enough");
  await expect(openKerasArchive(FOLDER, { signal })).rejects.toBe("enough");
});
