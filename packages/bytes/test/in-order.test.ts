import { fc, test as property } from "@fast-check/vitest";
import { inOrder, type Task } from "@modelbytes/bytes";
import { describe, expect, test } from "vitest";

const later = (ticks: number) =>
  new Promise<void>((resolve) => (ticks <= 0 ? resolve() : setTimeout(resolve, 0).unref()));

describe("inOrder", () => {
  property.prop([
    fc.array(fc.record({ bytes: fc.nat(100), ticks: fc.nat(2) }), { maxLength: 30 }),
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 150 }),
  ])("gives results in order and keeps its limits", async (wishes, concurrency, limit) => {
    let held = 0;
    let heldBytes = 0;
    const tasks = wishes.map(
      ({ bytes, ticks }, at): Task<number> => ({
        bytes,
        run: async () => {
          held++;
          heldBytes += bytes;
          expect(held).toBeLessThanOrEqual(concurrency);
          if (held > 1) expect(heldBytes).toBeLessThanOrEqual(limit);
          await later(ticks);
          return at;
        },
      }),
    );
    const results: number[] = [];
    for await (const at of inOrder(tasks, { concurrency, bytes: limit, signal: undefined })) {
      held--;
      heldBytes -= wishes[at]?.bytes ?? 0;
      results.push(at);
    }
    expect(results).toEqual(wishes.map((_, at) => at));
  });

  const forever = (log: string[], name: string): Task<never> => ({
    bytes: 1,
    run: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          log.push(`${name} stopped`);
          reject(signal.reason);
        });
      }),
  });

  test("leaving early stops what is under way", async () => {
    const log: string[] = [];
    const tasks: Task<string>[] = [{ bytes: 1, run: async () => "first" }, forever(log, "b"), forever(log, "c")];
    for await (const result of inOrder(tasks, { concurrency: 3, bytes: 10, signal: undefined })) {
      expect(result).toBe("first");
      break;
    }
    expect(log).toEqual(["b stopped", "c stopped"]);
  });

  test("the caller's abort rejects with the caller's reason", async () => {
    const controller = new AbortController();
    const results = inOrder([forever([], "a")], { concurrency: 1, bytes: 1, signal: controller.signal });
    const next = results.next();
    controller.abort("enough");
    await expect(next).rejects.toBe("enough");
  });

  test("a failing task ends it with its error, and stops the others", async () => {
    const log: string[] = [];
    const tasks: Task<string>[] = [{ bytes: 1, run: () => Promise.reject(new Error("broken")) }, forever(log, "b")];
    const results = inOrder(tasks, { concurrency: 2, bytes: 10, signal: undefined });
    await expect(results.next()).rejects.toThrow("broken");
    expect(log).toEqual(["b stopped"]);
  });
});
