#!/usr/bin/env node
/** Links the command into node_modules/.bin, so that `npx muster` works in a checkout of the project itself. */
const fs = require("node:fs");
const path = require("node:path");

const root = path.dirname(__dirname);
const target = path.join(root, "dist", "cli", "main.js");
const folder = path.join(root, "node_modules", ".bin");
const link = path.join(folder, "muster");
fs.mkdirSync(folder, { recursive: true });
if (fs.existsSync(target)) fs.chmodSync(target, 0o755);
fs.rmSync(link, { force: true });
fs.symlinkSync(path.relative(folder, target), link);
