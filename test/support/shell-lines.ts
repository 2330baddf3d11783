import { execFileSync } from "node:child_process";

const tools = ["megatron", "swift", "vllm"];
const block = new RegExp(`^(?:[A-Z_]+=.*\\\\\\n)*(?:[A-Z_]+=\\S* )*(?:${tools.join("|")}) (?:.*\\\\\\n)*.*$`, "gm");

/** The command lines of ms-swift and vLLM in a text for people, each word by word, as sh reads it. Nothing of it is run. */
export function commandLines(text: string): string[][] {
  const says = tools.map(tool => `${tool}() { printf '%s\\0' "$(($# + 1))" ${tool} "$@"; }`).join("\n");
  return (text.match(block) ?? []).flatMap(found => {
    const words = execFileSync("sh", ["-fc", `PATH=\n${says}\n${found}`], { encoding: "utf8" }).split("\0");
    const lines: string[][] = [];
    for (let at = 0; at < words.length - 1; at += Number(words[at]) + 1) {
      lines.push(words.slice(at + 1, at + 1 + Number(words[at])));
    }
    return lines;
  });
}
