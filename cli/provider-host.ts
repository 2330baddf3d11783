import { dirname, relative } from "node:path";
import { PathPlugins } from "../engine/path-plugins";
import type { PluginHost } from "../engine/run";
import { packages } from "../provider/packages";
import { type ProviderServer, startProviderServer } from "../provider/server";
import { newServices } from "../provider/ssh-transport";
import { OperatorError } from "../wire/operator-error";
import type { Project } from "./project";

export interface Providers {
  readonly plugins: PluginHost;
  /** Ends all providers; connections to hosts are closed. */
  stop(): Promise<void>;
}

/** Folder of this package: of the sources, and of `dist` when compiled. */
const ownFolder = dirname(__dirname);

/** The providers of a project: ours in this process, Node plugins by path in their own. Nothing starts before it is asked for. */
export function openProviders(project: Project): Providers {
  let server: Promise<ProviderServer> | undefined;
  const byPath = new PathPlugins(project.pluginPaths, project.root);
  const ours = (): Promise<ProviderServer> => {
    server ??= startProviderServer({ packages, services: newServices() });
    return server;
  };
  return {
    plugins: {
      async address(name, version, engineAddress) {
        const folder = project.pluginPaths.get(name);
        if (packages.some(each => each.name === name) && (folder === undefined || isOwn(folder))) {
          return await (await ours()).address(name);
        }
        if (folder === undefined) throw notServed(name);
        return await byPath.address(name, version, engineAddress);
      },
    },
    async stop() {
      byPath.close();
      if (server) await (await server).stop();
    },
  };
}

function isOwn(folder: string): boolean {
  const roots = [ownFolder, dirname(ownFolder)];
  return roots.some(root => relative(root, folder) === "provider");
}

function notServed(name: string): OperatorError {
  return new OperatorError({
    summary: `no provider for package ${name}`,
    detail: `the embedded engine serves ${packages.map(each => each.name).join(", ")}, and Node plugins that Pulumi.yaml names by path`,
    remedy: `name its folder under plugins.providers in Pulumi.yaml, or use --engine pulumi with the stock CLI`,
  });
}
