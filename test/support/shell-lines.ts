import { execFileSync } from "node:child_process";

const programs = ["megatron", "swift", "vllm", "python3", "deepspeed"];
// Of Python only the guard around a conversion: what else begins with python3 is part of scripts.
const begins = programs.map(name => (name === "python3" ? "python3 \\S+/convert\\.py" : name)).join("|");
const block = new RegExp(`^(?:[A-Z_]+=.*\\\\\\n)*(?:[A-Z_]+=\\S* )*(?:${begins}) (?:.*\\\\\\n)*.*$`, "gm");

/** The command lines in a text for people, each word by word, as sh reads it. Nothing of it is run. */
export function commandLines(text: string): string[][] {
  const says = programs.map(name => `${name}() { printf '%s\\0' "$(($# + 1))" ${name} "$@"; }`).join("\n");
  const found = text.match(block) ?? [];
  if (found.length === 0) return [];
  const words = execFileSync("sh", ["-fc", ["PATH=", says, ...found].join("\n")], { encoding: "utf8" }).split("\0");
  const lines: string[][] = [];
  for (let at = 0; at < words.length - 1; at += Number(words[at]) + 1) {
    lines.push(words.slice(at + 1, at + 1 + Number(words[at])));
  }
  return lines;
}
