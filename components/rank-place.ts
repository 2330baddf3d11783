import type { Cluster } from "../config/schema";
import { activated, hostEnvironment } from "../recipes/environment/host-environment";
import { toolsFolder } from "../recipes/tools";
import { hostMesh } from "./host-mesh";
import { nodeFolders } from "./node-folders";

/** Where a rank runs: what differs between a node container and an environment on the host. */
export interface RankPlace {
  readonly container?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** A word of a command, with the tools where they are. Recipes name them where containers have them. */
  word(word: string): string;
  /** How rank 0's host reaches the others, if that is not its container's affair. */
  readonly sshConfig?: string;
}

/** The place of a cluster's ranks. */
export function rankPlace(settings: Cluster): RankPlace {
  const environment = hostEnvironment(settings);
  const { container } = settings;
  if (!environment) return { container: container.name, env: {}, workdir: container.workdir, word: word => word };
  const { tools, workspace } = nodeFolders(settings);
  const mesh = hostMesh(settings);
  const variables = activated(environment);
  return {
    // The mesh's ssh in front: gather, DeepSpeed and pdsh call it by its name.
    env: { ...variables, PATH: `${mesh.bin}:${variables.PATH}`, ...container.env },
    workdir: workspace.container,
    word: word => (word.startsWith(`${toolsFolder}/`) ? `${tools.host}${word.slice(toolsFolder.length)}` : word),
    sshConfig: mesh.config,
  };
}
