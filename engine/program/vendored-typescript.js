/**
 * Preloaded into programs and plugins. The SDK (3.248.0, tsutils.js) compiles TypeScript with the package `typescript` that it
 * finds, and with one of its own where it finds none. TypeScript 7 is no library any more: then, too, it is to take its own.
 */
const Module = require("node:module");
const path = require("node:path");

const load = Module._load;
Module._load = function loadOf(request, parent, ...rest) {
  const loaded = load.call(this, request, parent, ...rest);
  if (request !== "typescript" || typeof loaded?.sys === "object") return loaded;
  if (path.basename(parent?.filename ?? "") !== "tsutils.js") return loaded;
  throw Object.assign(new Error("this typescript is no library"), { code: "MODULE_NOT_FOUND" });
};
