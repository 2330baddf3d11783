import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { serve } from "../../config/schema/serving";
import { routerCommand } from "../../recipes/sglang/router";
import { Cleanup } from "../support/cleanup";
import { commandLines } from "../support/shell-lines";

/** The release whose options the recipe writes. */
const release = "sglang-router==0.3.2";
const golden = path.join(__dirname, "..", "golden", "serving");
const cleanup = new Cleanup();
let wheel: string;

/** Python alone: the compiled part of the wheel stays where it is. */
beforeAll(() => {
  wheel = fs.mkdtempSync(path.join(os.tmpdir(), "muster-router-"));
  cleanup.add(() => fs.rmSync(wheel, { recursive: true }));
  const download = [
    "-m",
    "pip",
    "download",
    "-q",
    "--no-deps",
    "--disable-pip-version-check",
    "--dest",
    wheel,
    release,
  ];
  execFileSync("python3", download, { stdio: "inherit" });
  const unpack = `import glob, zipfile
wheel = zipfile.ZipFile(glob.glob("*.whl")[0])
wheel.extractall(members=[name for name in wheel.namelist() if name.endswith(".py")])`;
  execFileSync("python3", ["-c", unpack], { cwd: wheel });
});
afterAll(cleanup.run);

/** Why the router refuses each line; empty where it takes it. */
function verdicts(lines: readonly (readonly string[])[]): string[] {
  const program = path.join(__dirname, "parse-router-lines.py");
  const told = execFileSync("python3", ["-B", program, wheel], { input: JSON.stringify(lines), encoding: "utf8" });
  return JSON.parse(told) as string[];
}

/** The words behind `python3 -m sglang_router.launch_router`. */
function optionsOf(argv: readonly string[]): string[][] {
  return argv.slice(0, 3).join(" ") === "python3 -m sglang_router.launch_router" ? [argv.slice(3)] : [];
}

test("the router takes the reviewed lines, and every policy of the cluster file over one server and several", () => {
  const files = fs.readdirSync(golden).map(file => fs.readFileSync(path.join(golden, file), "utf8"));
  const reviewed = files.flatMap(commandLines).flatMap(({ argv }) => optionsOf(argv));
  expect(reviewed).toHaveLength(1);
  const policies = serve.shape.router.unwrap().shape.policy.unwrap().options;
  const rendered = policies.flatMap(policy =>
    [["node-1"], ["node-1", "node-2", "node-3"]].flatMap(heads => {
      const settings = serve.parse({ engine: "sglang", replicas: heads.length, router: { policy } });
      if (!settings.router) throw new Error("no router");
      const transportOf = (node: string) => ({ address: node.replace("node-", "fd00::"), env: {} });
      return optionsOf(routerCommand(settings, settings.router, heads, transportOf).argv);
    }),
  );
  expect(rendered).toHaveLength(policies.length * 2);
  expect(verdicts([...reviewed, ...rendered]).filter(text => text !== "")).toEqual([]);
});

test("and refuses what is none of its own", () => {
  expect(
    verdicts([
      ["--policy", "fastest"],
      ["--worker-url", "http://a:1", "--nosuch", "1"],
    ]),
  ).toEqual([
    expect.stringContaining("invalid choice: 'fastest'"),
    expect.stringContaining("unrecognized arguments: --nosuch"),
  ]);
});
