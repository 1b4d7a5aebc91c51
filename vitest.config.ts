import { defineConfig } from "vitest/config";

/** A file for the results as JSON, beside what is printed: .ci/run adds them up. */
const { MODELBYTES_TEST_RESULTS } = process.env;

/** What takes a browser or a web server. */
const WEB = ["packages/*/test/**/*.browser.test.ts", "packages/*/test/**/nginx*.live.test.ts"];

/**
 * `unit` needs only Node. `packed` judges the packages as npm would get them. `tensorflow` compares with Python TensorFlow in its own
 * virtual environments. `web` takes Debian's Chromium and nginx.
 */
export default defineConfig({
  test: {
    globalSetup: "packages/modelbytes/bundle.mjs", // the command that tests run
    ...(MODELBYTES_TEST_RESULTS !== undefined && {
      reporters: ["default", ["json", { outputFile: MODELBYTES_TEST_RESULTS }]],
    }),
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "benchmarks/test/**/*.test.ts"],
          exclude: ["**/*.live.test.ts", "**/*.packed.test.ts", ...WEB],
          hookTimeout: 120_000,
          testTimeout: 60_000, // a test takes seconds at most; a machine that is busy with others takes ten times as long
        },
      },
      { test: { name: "packed", include: ["packages/*/test/**/*.packed.test.ts"], testTimeout: 120_000 } },
      {
        test: {
          name: "tensorflow",
          include: ["packages/*/test/**/*.live.test.ts"],
          exclude: WEB,
          testTimeout: 600_000,
          hookTimeout: 1_200_000,
        },
      },
      { test: { name: "web", include: WEB, testTimeout: 60_000, hookTimeout: 120_000 } },
    ],
  },
});
