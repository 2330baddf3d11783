// The *simulated* provider "trivial", in plain JavaScript on the protocol's generated code, for both engines: a thing is what its
// inputs say, and nothing else happens. With TRIVIAL_WORLD each thing is a file of that folder, and a line of its `calls` tells of each
// mutation. TRIVIAL_KILL="3 before" kills whoever started this provider, and then itself, in the third mutation of this run, before
// or after the thing is made.
const { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

// The packages are those of the project that runs this.
const need = createRequire(join(process.cwd(), "index.js"));
const grpc = need("@grpc/grpc-js");
const { ResourceProviderService } = need("@pulumi/pulumi/proto/provider_grpc_pb");
const messages = need("@pulumi/pulumi/proto/provider_pb");
const { PluginInfo } = need("@pulumi/pulumi/proto/plugin_pb");
const { Empty } = need("google-protobuf/google/protobuf/empty_pb");
const { Struct } = need("google-protobuf/google/protobuf/struct_pb");

const world = process.env.TRIVIAL_WORLD;
const [killIn, killWhen] = (process.env.TRIVIAL_KILL ?? "").split(" ");
const CHANGES = { none: 1, some: 2 };
let mutations = 0;

const fileOf = id => join(world, "things", `${id}.json`);
const isOwn = key => key !== "made";

function killHere(when) {
  if (String(mutations) !== killIn || when !== killWhen) return;
  process.kill(process.ppid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
}

/** A mutation, told of in the world before it happens. */
function mutate(method, name, change) {
  mutations += 1;
  if (world === undefined) return;
  appendFileSync(join(world, "calls"), `${method} ${name}\n`);
  killHere("before");
  change();
  killHere("after");
}

function put(id, properties) {
  mkdirSync(join(world, "things"), { recursive: true });
  writeFileSync(fileOf(id), JSON.stringify(properties.toJavaScript()));
}

function changedKeys(request) {
  const olds = request.getOldInputs().toJavaScript();
  const news = request.getNews().toJavaScript();
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  return keys.filter(key => isOwn(key) && JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
}

const methods = {
  getPluginInfo: () => new PluginInfo().setVersion("1.0.0"),
  getSchema: () => new messages.GetSchemaResponse().setSchema(JSON.stringify({ name: "trivial", version: "1.0.0" })),
  checkConfig: request => new messages.CheckResponse().setInputs(request.getNews()),
  diffConfig: () => new messages.DiffResponse().setChanges(CHANGES.none),
  configure: () =>
    new messages.ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setSupportspreview(true),
  check: request => new messages.CheckResponse().setInputs(request.getNews()),
  diff: request => {
    const keys = changedKeys(request);
    return new messages.DiffResponse()
      .setChanges(keys.length === 0 ? CHANGES.none : CHANGES.some)
      .setDiffsList(keys)
      .setReplacesList(keys.filter(key => key === "sort"));
  },
  create: request => {
    const properties = request.getProperties();
    if (request.getPreview()) return new messages.CreateResponse().setProperties(properties);
    const id = `${request.getName()}-${process.hrtime.bigint()}`;
    mutate("create", request.getName(), () => put(id, properties));
    return new messages.CreateResponse().setId(id).setProperties(properties);
  },
  read: request => {
    if (world !== undefined && !existsSync(fileOf(request.getId()))) return new messages.ReadResponse();
    return new messages.ReadResponse()
      .setId(request.getId())
      .setProperties(request.getProperties())
      .setInputs(request.getInputs());
  },
  update: request => {
    if (!request.getPreview()) mutate("update", request.getName(), () => put(request.getId(), request.getNews()));
    return new messages.UpdateResponse().setProperties(request.getNews() ?? new Struct());
  },
  delete: request => {
    mutate("delete", request.getName(), () => rmSync(fileOf(request.getId()), { force: true }));
    return new Empty();
  },
  cancel: () => new Empty(),
};

const implementation = {};
for (const name of Object.keys(ResourceProviderService)) {
  const method = methods[name];
  implementation[name] = (call, answer) =>
    method === undefined ? answer({ code: grpc.status.UNIMPLEMENTED }) : answer(null, method(call.request));
}
const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
server.addService(ResourceProviderService, implementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
