import { execFileSync } from "node:child_process";
import * as path from "node:path";

const tools = path.join(__dirname, "..", "..", "recipes", "tools");

/** The tool that decides what a training that goes on runs, asked for the answer only. */
const program = `
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import resume
parser = resume.parser_of_options()
commands = [resume.command_of(parser.parse_args(argv), "/out/iter_0000010") for argv in json.load(sys.stdin)]
json.dump(commands, sys.stdout)
`;

/**
 * What the guarded trainings among the command lines run when an earlier start has left a checkpoint: recipes/tools/resume.py's own
 * answer.
 */
export function resumedCommands(all: readonly (readonly string[])[]): string[][] {
  const guarded = all.filter(argv => argv[1]?.endsWith("/resume.py")).map(argv => argv.slice(2));
  if (guarded.length === 0) return [];
  const told = execFileSync("python3", ["-c", program, tools], { input: JSON.stringify(guarded), encoding: "utf8" });
  return JSON.parse(told) as string[][];
}
