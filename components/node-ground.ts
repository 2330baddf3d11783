import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { File } from "../provider/muster/sdk/file.gen";
import { FileSet } from "../provider/muster/sdk/file-set.gen";
import { inImageSteps } from "../recipes/environment/in-image";
import { gateNodes } from "../recipes/fabric";
import { gateTools, type ToolFile, toolFiles, toolSource } from "../recipes/tools";
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

/** The tools that a cluster needs on its nodes: all for a pipeline, else the gate's and the environment's own where it has those. */
export function neededTools(settings: Cluster): readonly ToolFile[] {
  if (settings.pipeline) return toolFiles;
  const makesEnvironment = settings.runtime === "host" || inImageSteps(settings).length > 0;
  return [...(makesEnvironment ? (["requirements.py"] as const) : []), ...(gateNodes(settings) ? gateTools : [])];
}

/** The tools of this project on a node: one resource, because they travel together and are nobody's to review one by one. */
export function nodeTools(
  name: string,
  host: string,
  settings: Cluster,
  options: pulumi.CustomResourceOptions,
): FileSet[] {
  const tools = neededTools(settings);
  if (tools.length === 0) return [];
  const folder = nodeFolders(settings).tools.host;
  const sources = Object.fromEntries(tools.map(tool => [tool, path.relative(process.cwd(), toolSource(tool))]));
  return [new FileSet(`${name}-tools`, { host, folder, sources, mode: "0755" }, options)];
}
