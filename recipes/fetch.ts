import { toolsFolder } from "./tools";

/** Brings a folder from another node to the same path on the node where it runs: recipes/tools/fetch.py. */
export function fetchArgv(folder: string, fromNode: string): string[] {
  return ["python3", `${toolsFolder}/fetch.py`, ...["--folder", folder], ...["--from", fromNode]];
}
