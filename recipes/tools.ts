import * as path from "node:path";

/** Where the tools of this project lie in the containers. */
export const toolsFolder = "/opt/muster";

/** Files of recipes/tools that every training node gets. They import each other, so they travel together. */
export const toolFiles = [
  "inert.py",
  "dcp.py",
  "iteration.py",
  "hf.py",
  "room.py",
  "result.py",
  "peer.py",
  "gather.py",
  "resume.py",
  "fetch.py",
  "convert.py",
  "newest.py",
  "child.py",
  "infer.py",
  "deploy.py",
  "ray_cluster.py",
  "completion.py",
  "chat.py",
  "requirements.py",
  "report.py",
  "reach.py",
  "all_reduce.py",
  "fabric.py",
] as const;

/** Where a tool lies on the operator's side, beside the compiled code. */
export function toolSource(name: (typeof toolFiles)[number]): string {
  return path.join(__dirname, "tools", name);
}
