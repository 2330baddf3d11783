/**
 * Preloaded into the program. Leaves out what @pulumi/pulumi does and this engine has no use for (3.248.0):
 * - runtime/debuggable.js: every promise takes a stack trace, translated through source maps, that only
 *   PULUMI_DEBUG_PROMISE_LEAKS shows;
 * - resource.js: each resource tells from where it was made, frame by frame and through source maps; this engine keeps none of it;
 * - log/index.js: every debug line is a call to the engine, each waiting for the one before; this engine shows none;
 * - runtime/closure/codePaths.js: npm's arborist, which only the serialization of closures needs, is half of the SDK's start.
 * With 400 resources that was a third of the processor time of an `up`, engine included.
 */
const Module = require("node:module");
const path = require("node:path");

/** Of the copy of the SDK that runs the program: its cmd/run is what node was told to run. */
function sdkModule(name) {
  try {
    return require(path.join(path.dirname(process.argv[1] ?? ""), "..", "..", name));
  } catch (error) {
    // Another version, with other modules: then it runs as it is.
    if (error.code === "MODULE_NOT_FOUND") return {};
    throw error;
  }
}

const load = Module._load;
Module._load = function loadOf(request, parent, ...rest) {
  if (request !== "@npmcli/arborist" || path.basename(parent?.filename ?? "") !== "codePaths.js") {
    return load.call(this, request, parent, ...rest);
  }
  return {
    __esModule: true,
    get Arborist() {
      return load.call(Module, request, parent, ...rest).Arborist;
    },
  };
};

const log = sdkModule("log");
if (typeof log.debug === "function") log.debug = () => Promise.resolve();

const { Resource } = sdkModule("resource");
if (typeof Resource?.callsites === "function") Resource.callsites = () => [];

const debuggable = sdkModule(path.join("runtime", "debuggable"));
const { debuggablePromise } = debuggable;
if (typeof debuggablePromise === "function" && !process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
  debuggable.debuggablePromise = (promise, context) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return debuggablePromise(promise, context);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}
