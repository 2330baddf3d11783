import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { stockEnvironment } from "../../cli/stock-engine";
import { ProjectFolder } from "./project-folder";

let project: ProjectFolder;
beforeEach(() => {
  project = new ProjectFolder();
});
afterEach(() => project.remove());

/** A *simulated* `pulumi`: notes what it was called with, and ends with 7. */
function simulatedPulumi(): string {
  mkdirSync(join(project.path, "bin"));
  project.write(
    "bin/pulumi",
    `#!/bin/sh\nprintf '%s\\n' "$@" "$PULUMI_CONTINUE_ON_ERROR" >'${project.path}/called'\nexit 7\n`,
  );
  chmodSync(join(project.path, "bin/pulumi"), 0o755);
  return `${join(project.path, "bin")}${delimiter}${process.env.PATH}`;
}

test.each([
  [
    ["--engine", "pulumi", "up", "-s", "dev", "--", "--engine", "x"],
    ["up", "-s", "dev", "--", "--engine", "x"],
  ],
  [
    ["stack", "tag", "set", "--engine=pulumi", "a", "b"],
    ["stack", "tag", "set", "a", "b"],
  ],
])("stock gets the arguments as they are but for the engine, and its exit code is ours", async (argv, got) => {
  const { code } = await project.muster(argv, { env: { PATH: simulatedPulumi() } });
  expect(code).toBe(7);
  expect(readFileSync(join(project.path, "called"), "utf8")).toBe(`${[...got, ""].join("\n")}\n`);
});

test("verbs of our own are not stock's, and without stock the error says where it is from", async () => {
  const own = await project.muster(["validate", "gone.yaml", "--engine", "pulumi"], {
    env: { PATH: simulatedPulumi() },
  });
  expect(own.err).toContain("gone.yaml");
  const none = await project.muster(["up", "--engine", "pulumi"], { env: { PATH: "/nowhere" } });
  expect(none).toMatchObject({
    code: 1,
    err: expect.stringMatching(/stock Pulumi CLI is not installed[\s\S]*pulumi\.com/),
  });
});

test("stock gets the passphrase that was made for dev, for dev alone, and goes on after an error where hosts are", async () => {
  await project.muster(["stack", "export", "-s", "dev"], { withoutPassphrase: true });
  const file = join(project.path, ".muster/passphrase");
  const environment = (argv: string[], env = {}) => stockEnvironment(argv, env, project.path);
  expect(environment(["up", "-s", "dev"])).toEqual({ PULUMI_CONFIG_PASSPHRASE_FILE: file });
  expect(environment(["up", "--stack=dev"])).toEqual({ PULUMI_CONFIG_PASSPHRASE_FILE: file });
  expect(environment(["up"], { PULUMI_STACK: "dev" })).toHaveProperty("PULUMI_CONFIG_PASSPHRASE_FILE", file);
  expect(environment(["up", "-s", "prod"])).toEqual({});
  expect(environment(["up", "-s", "dev"], { PULUMI_CONFIG_PASSPHRASE: "" })).toEqual({ PULUMI_CONFIG_PASSPHRASE: "" });
  project.write(
    "Pulumi.yaml",
    `${readFileSync(join(project.path, "Pulumi.yaml"), "utf8")}plugins: {providers: [{name: muster, path: p}]}\n`,
  );
  expect(environment(["up"])).toEqual({ PULUMI_CONTINUE_ON_ERROR: "true" });
  expect(environment(["up"], { PULUMI_CONTINUE_ON_ERROR: "false" })).toEqual({ PULUMI_CONTINUE_ON_ERROR: "false" });
  expect(environment(["up", "-C", "/"])).toEqual({});
});
