#!/usr/bin/env node
import { existsSync } from "node:fs";

const args = process.argv.slice(2);

// The bundle starts in a third of the time. What runs with --debug are its modules, which show where an error comes from; they also
// run where tsc alone has built.
const bundle = new URL("../dist/bundle/main.js", import.meta.url);
const isBundled = !args.includes("--debug") && existsSync(bundle);
const { main } = await import(isBundled ? bundle.href : "../dist/command/main.js");

process.exitCode = await main(args);
