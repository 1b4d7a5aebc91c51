// Adds up the tests of all steps, from vitest's JSON files in a folder, and prints one line. A step that failed without a failed
// test counts as one failure, a step that was left out as one skipped. Exit code 1 if anything failed.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const steps = new Set(readdirSync(folder).flatMap((name) => /^\d+(?=\.)/.exec(name) ?? []));

for (const step of steps) {
  const file = join(folder, `${step}.json`);
  const result = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = result;
  total.passed += numPassedTests;
  total.failed += numFailedTests;
  total.skipped += numPendingTests + numTodoTests;
  if (existsSync(join(folder, `${step}.failed`)) && numFailedTests === 0) total.failed++;
  if (existsSync(join(folder, `${step}.skipped`))) total.skipped++;
}

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
