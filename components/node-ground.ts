import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { File } from "../provider/muster/sdk/file.gen";
import { inImageSteps } from "../recipes/environment/in-image";
import { type ToolFile, toolFiles, toolSource } from "../recipes/tools";
import { nodeFolders } from "./node-folders";

/** The folders of a node that jobs write to, and the one of the tools, which a container mounts also while it is empty. */
export function workFolders(
  name: string,
  host: string,
  settings: Cluster,
  options: pulumi.CustomResourceOptions,
): File[] {
  const folders = nodeFolders(settings);
  return (["results", "data", "tools"] as const).map(
    noun =>
      new File(`${name}-${noun}-folder`, { host, path: folders[noun].host, directory: true, mode: "0755" }, options),
  );
}

/** The tools that a cluster needs on its nodes: all for a pipeline, the environment's own for an environment, else none. */
export function neededTools(settings: Cluster): readonly ToolFile[] {
  if (settings.pipeline) return toolFiles;
  const makesEnvironment = settings.runtime === "host" || inImageSteps(settings).length > 0;
  return makesEnvironment ? ["requirements.py"] : [];
}

/** The tools of this project on a node. */
export function nodeTools(
  name: string,
  host: string,
  settings: Cluster,
  options: pulumi.CustomResourceOptions,
): File[] {
  const folder = nodeFolders(settings).tools.host;
  return neededTools(settings).map(tool => {
    const source = path.relative(process.cwd(), toolSource(tool));
    const place = `${folder}/${tool}`;
    return new File(`${name}-tool-${tool.replace(".py", "")}`, { host, path: place, source, mode: "0755" }, options);
  });
}
