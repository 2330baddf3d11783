/** A *simulated* provider of package `demo`, in a process of its own that ends in the middle of creating `b`. */
const { Server, ServerCredentials, status } = require("@grpc/grpc-js");
const { PluginInfo } = require("@pulumi/pulumi/proto/plugin_pb");
const { ResourceProviderService } = require("@pulumi/pulumi/proto/provider_grpc_pb");
const messages = require("@pulumi/pulumi/proto/provider_pb");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb");

const handlers = Object.fromEntries(
  Object.keys(ResourceProviderService).map(name => [name, (_, answer) => answer({ code: status.UNIMPLEMENTED })]),
);
const unchanged = ({ request }, answer) => answer(null, new messages.CheckResponse().setInputs(request.getNews()));
Object.assign(handlers, {
  getPluginInfo: (_, answer) => answer(null, new PluginInfo().setVersion("1.0.0")),
  checkConfig: unchanged,
  check: unchanged,
  configure: (_, answer) =>
    answer(null, new messages.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true)),
  cancel: (_, answer) => answer(null, new Empty()),
  create: ({ request }, answer) => {
    if (request.getName() === "b" && !request.getPreview()) process.exit(3);
    answer(null, new messages.CreateResponse().setId(request.getName()).setProperties(request.getProperties()));
  },
});

const server = new Server();
server.addService(ResourceProviderService, handlers);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(port);
});
