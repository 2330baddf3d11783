/**
 * Preloaded into the program. Node 20.20's `util.inspect(error, {colors: true})` never ends its search for module names on a
 * stack line such as `node_modules/@pulumi/resource.ts`, which the SDK's source maps produce: a failing program then takes a
 * minute and more than a gigabyte until the text is too long. Without colours that search is not made.
 */
const util = require("node:util");

const inspect = util.inspect;
const guarded = (value, options, ...rest) =>
  value instanceof Error && typeof options === "object" && options !== null
    ? inspect(value, { ...options, colors: false })
    : inspect(value, options, ...rest);
util.inspect = Object.assign(guarded, inspect);
