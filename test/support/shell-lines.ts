import { execFileSync } from "node:child_process";

/** A command line as sh reads it. */
export interface CommandLine {
  /** Word by word. */
  readonly argv: readonly string[];
  /** Processes of the whole job, by the variables in front of it: NNODES times NPROC_PER_NODE. */
  readonly processes: number;
}

const programs = ["megatron", "swift", "vllm", "python3", "deepspeed"];
// Of Python only the guards around tools, and servers that are modules: what else begins with python3 is part of scripts.
const guards =
  "python3 (?:\\S+/(?:convert|deploy|infer|ray_cluster|resume)\\.py|-m (?:sglang_router\\.launch_router|sglang\\.launch_server))";
const begins = programs.map(name => (name === "python3" ? guards : name)).join("|");
const block = new RegExp(`^(?:[A-Z_]+=.*\\\\\\n)*(?:[A-Z_]+=\\S* )*(?:${begins}) (?:.*\\\\\\n)*.*$`, "gm");

/** The command lines in a text for people. Nothing of it is run. */
export function commandLines(text: string): CommandLine[] {
  const processes = `"$((\${NNODES:-1} * \${NPROC_PER_NODE:-1}))"`;
  const says = programs.map(name => `${name}() { printf '%s\\0' "$(($# + 1))" ${processes} ${name} "$@"; }`).join("\n");
  const found = text.match(block) ?? [];
  if (found.length === 0) return [];
  const words = execFileSync("sh", ["-fc", ["PATH=", says, ...found].join("\n")], { encoding: "utf8" }).split("\0");
  const lines: CommandLine[] = [];
  for (let at = 0; at < words.length - 1; at += Number(words[at]) + 2) {
    lines.push({ argv: words.slice(at + 2, at + 2 + Number(words[at])), processes: Number(words[at + 1]) });
  }
  return lines;
}
