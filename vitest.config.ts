import { defineConfig } from "vitest/config";

/** `unit` needs only Node; `tensorflow` compares with Python TensorFlow in its own virtual environments. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["packages/*/test/**/*.test.ts"], exclude: ["**/*.live.test.ts"] } },
      {
        test: {
          name: "tensorflow",
          include: ["packages/*/test/**/*.live.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 1_200_000,
        },
      },
    ],
  },
});
