import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../bench-hosts/command";
import { checkout } from "../bench-hosts/place";

export const engineNames = ["muster", "pulumi"] as const;
export type EngineName = (typeof engineNames)[number];

/** One component with so many things, each with a few inputs of its own. */
const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const Thing = class extends pulumi.CustomResource {};
const group = new pulumi.ComponentResource("trivial:index:Group", "group");
for (let n = 0; n < Number(process.env.TRIVIAL_COUNT); n += 1) {
  new Thing("trivial:index:Thing", "thing-" + n, { value: n, text: "of " + n, list: [n, n + 1] }, { parent: group });
}
`;

/** A project of its own, whose stack has nothing yet. */
export function freshProject(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
  const put = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  put("package.json", '{"name": "bench", "main": "index.js"}\n');
  put("index.js", PROGRAM);
  put(
    "Pulumi.yaml",
    `name: bench
runtime: {name: nodejs, options: {typescript: false}}
backend: {url: "file://./state"}
plugins: {providers: [{name: trivial, path: ${join(checkout, "scripts", "bench-engine", "provider")}}]}
`,
  );
  mkdirSync(join(folder, "state"));
}

/** A verb of one engine on that project's stack `bench`. */
export function command(engine: EngineName, folder: string, resources: number, args: readonly string[]): Command {
  const [program, ...before] =
    engine === "pulumi"
      ? ["pulumi", "--non-interactive"]
      : [process.execPath, join(checkout, "dist", "cli", "main.js"), "--engine", "embedded"];
  return {
    program: program ?? engine,
    args: [...before, ...args],
    cwd: folder,
    env: {
      PULUMI_CONFIG_PASSPHRASE: "bench",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      TRIVIAL_COUNT: String(resources),
    },
  };
}
