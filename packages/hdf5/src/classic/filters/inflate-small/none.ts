import type { InflateSmall } from "./inflate-small.ts";

/** Browsers have streams only. */
export const inflateSmall: InflateSmall = undefined;
