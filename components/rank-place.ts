import type { Cluster } from "../config/schema";
import { activated, hostEnvironment } from "../recipes/environment/host-environment";
import { toolsFolder } from "../recipes/tools";
import { hostMesh } from "./host-mesh";
import { nodeFolders } from "./node-folders";

/** Where a rank runs: what differs between a node container and an environment on the host. */
export interface RankPlace {
  readonly container?: string;
  /** Variables of a command. */
  envOf(argv: readonly string[]): Readonly<Record<string, string>>;
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
  if (!environment)
    return { container: container.name, envOf: () => ({}), workdir: container.workdir, word: word => word };
  const { tools, workspace } = nodeFolders(settings);
  const mesh = hostMesh(settings);
  const variables = activated(environment);
  const isTool = (word: string): boolean => word.startsWith(`${toolsFolder}/`);
  return {
    // The mesh's ssh in front: gather, DeepSpeed and pdsh call it by its name.
    envOf: argv => ({
      ...variables,
      PATH: `${mesh.bin}:${variables.PATH}`,
      // The tools' folder is muster's: what Python would leave beside them stays when they go.
      ...(argv.some(isTool) && { PYTHONDONTWRITEBYTECODE: "1" }),
      ...container.env,
    }),
    workdir: workspace.container,
    word: word => (isTool(word) ? `${tools.host}${word.slice(toolsFolder.length)}` : word),
    sshConfig: mesh.config,
  };
}

/** A question that a recipe asks with one of the tools in the container: asked where the ranks run. It leaves nothing behind. */
export function placedQuestion(
  settings: Cluster,
  question: { readonly host: string; readonly container: string; readonly argv: readonly string[] },
): { host: string; container?: string; argv: string[] } {
  const { host, argv } = question;
  const { container, word, envOf } = rankPlace(settings);
  if (container !== undefined) return { host, container, argv: [...argv] };
  // Before there is an environment the system's own Python is the next in the PATH.
  const variables = Object.entries(envOf(argv)).map(([name, value]) => `${name}=${value}`);
  return { host, argv: ["env", ...variables, ...argv.map(word)] };
}
