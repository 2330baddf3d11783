import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../config/schema";
import { File } from "../provider/muster/sdk/file.gen";
import { toolFiles, toolSource } from "../recipes/tools";
import { nodeFolders } from "./node-folders";

/** The folders of a node that jobs write to. */
export function workFolders(
  name: string,
  host: string,
  settings: Cluster,
  options: pulumi.CustomResourceOptions,
): File[] {
  const folders = nodeFolders(settings);
  return (["results", "data"] as const).map(
    noun =>
      new File(`${name}-${noun}-folder`, { host, path: folders[noun].host, directory: true, mode: "0755" }, options),
  );
}

/** The tools of this project on a node. */
export function nodeTools(
  name: string,
  host: string,
  settings: Cluster,
  options: pulumi.CustomResourceOptions,
): File[] {
  const folder = nodeFolders(settings).tools.host;
  return toolFiles.map(tool => {
    const source = path.relative(process.cwd(), toolSource(tool));
    const place = `${folder}/${tool}`;
    return new File(`${name}-tool-${tool.replace(".py", "")}`, { host, path: place, source, mode: "0755" }, options);
  });
}
