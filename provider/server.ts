import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { ProviderInstance } from "./provider-instance";
import type { ProviderPackage, Services } from "./provider-package";
import { providerService } from "./service";

export interface ProviderServerOptions {
  readonly packages: readonly ProviderPackage[];
  /** Connections and redactor, shared by all providers of this process. Closed by `stop`. */
  readonly services: Services;
  /** Folder for the sockets; it must be the operator's alone (0700). Default: a new one under the system's folder for temporary files. */
  readonly socketFolder?: string;
}

export interface ProviderServer {
  /**
   * Address (`unix:/path`) of a new provider of the package, with a configuration of its own. Ask once per provider
   * resource of a run: gRPC calls do not say which provider they mean.
   * @throws Error for a package that is not served.
   */
  address(packageName: string): Promise<string>;
  /** True for a package that `address` knows. */
  serves(packageName: string): boolean;
  /** Cancels what is under way, closes all connections and removes the sockets. */
  stop(): Promise<void>;
}

/** Serves the packages as Pulumi resource providers on unix sockets in a folder that only the operator can enter. */
export async function startProviderServer(options: ProviderServerOptions): Promise<ProviderServer> {
  const folder = options.socketFolder ?? (await mkdtemp(path.join(tmpdir(), "muster-")));
  const running: { server: grpc.Server; instance: ProviderInstance }[] = [];
  const find = (name: string) => options.packages.find(each => each.name === name);
  return {
    serves: name => find(name) !== undefined,
    async address(name) {
      const definition = find(name);
      if (!definition)
        throw new Error(`package ${name} is not served here; it has ${options.packages.map(p => p.name).join(", ")}`);
      const instance = new ProviderInstance(definition, options.services);
      const server = newServer(instance);
      running.push({ server, instance });
      const address = `unix:${path.join(folder, `${name}-${running.length}.sock`)}`;
      await bind(server, address);
      return address;
    },
    async stop() {
      for (const { server, instance } of running.splice(0)) {
        instance.cancel();
        instance.log.close();
        server.forceShutdown();
      }
      await options.services.transport.close();
      if (options.socketFolder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Messages may be large: files and facts are properties. */
export function newServer(instance: ProviderInstance): grpc.Server {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(ResourceProviderService, providerService(instance));
  return server;
}

/** Resolves to the port; 0 for a socket. */
export function bind(server: grpc.Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}
