// What the questions about HTTP share. A loopback server counts requests and bytes. Loopback has no latency, so the requests say more
// about a real network than the time does: each costs a round trip.

import { ownUrl } from "../file-server.ts";
import type { Input, Inputs, Work } from "../question.ts";

/** The same file, or prefix, behind the server. */
export async function served({ scratch, server }: Inputs, input: Input): Promise<Input> {
  return { ...input, path: new URL(input.path.slice(scratch.folder.length + 1), await server.url()).href };
}

/** Counts per run what the server counts; `once` is given the URL that it counts by. */
export function counted(path: string, once: (url: string) => Promise<void>): Work {
  const { url, takeCounts } = ownUrl(path);
  let runs = 0;
  return {
    run: async () => {
      await once(url);
      runs++;
    },
    counts: async () => {
      const perRun = Object.entries(await takeCounts()).map(([name, count]) => [name, count / runs] as const);
      runs = 0;
      return Object.fromEntries(perRun);
    },
  };
}

/** The bytes of a file, or of a range of it. */
export async function download(url: string, range?: string): Promise<number> {
  const response = await fetch(url, range === undefined ? {} : { headers: { range } });
  return (await response.arrayBuffer()).byteLength;
}
