import * as path from "node:path";

/** Where the tools of this project lie in the containers. */
export const toolsFolder = "/opt/muster";

/** Those of the gate, and what they import. */
export const gateTools = [
  "fabric.py",
  "reach.py",
  "pair_rounds.py",
  "halving.py",
  "all_reduce.py",
  "nccl_output.py",
  "nccl_tests.py",
  "report.py",
  "child.py",
] as const;

/** Files of recipes/tools that the nodes of a pipeline get. They import each other, and those of the gate, so they travel together. */
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
  "infer.py",
  "deploy.py",
  "ray_cluster.py",
  "completion.py",
  "chat.py",
  "requirements.py",
  ...gateTools,
] as const;

export type ToolFile = (typeof toolFiles)[number];

/** Where a tool lies on the operator's side, beside the compiled code. */
export function toolSource(name: ToolFile): string {
  return path.join(__dirname, "tools", name);
}
