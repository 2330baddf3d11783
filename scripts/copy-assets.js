#!/usr/bin/env node
/** Copies what the compiled code reads at run time and tsc leaves behind: shell and Python files beside the sources. */
const fs = require("node:fs");
const path = require("node:path");

const root = path.dirname(__dirname);
const folders = ["provider", "recipes", "facts", "remote", "engine"];
const wanted = /\.(sh|py|json|js)$/;

function copy(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const from = path.join(folder, entry.name);
    if (entry.isDirectory()) copy(from);
    else if (wanted.test(entry.name)) {
      const to = path.join(root, "dist", path.relative(root, from));
      fs.mkdirSync(path.dirname(to), { recursive: true });
      fs.copyFileSync(from, to);
    }
  }
}

for (const folder of folders) copy(path.join(root, folder));
