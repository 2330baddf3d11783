import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigFile } from "../../engine/config-file";
import { newPassphrase } from "../../engine/secrets/passphrase";
import { TestProject } from "../support/test-project";
import { TestProvider } from "../support/test-provider";

let provider: TestProvider;
let project: TestProject;
let configFile: string;

beforeEach(async () => {
  provider = new TestProvider();
  project = await TestProject.create(provider);
  configFile = join(project.root, "Pulumi.dev.yaml");
  project.want({ a: { inputs: { value: "hunter2" }, secret: true } });
});

afterEach(() => {
  provider.close();
  project.remove();
});

function saltOfState(): string {
  return JSON.parse(project.checkpointText).checkpoint.latest.secrets_providers.state.salt;
}

test("without a salt in the config file the state's is used, and the file stays as it is", async () => {
  const salt = saltOfState();
  const committed = "config:\n  demo:cluster: stacks/dev.yaml # reviewed\n";
  writeFileSync(configFile, committed);
  expect((await project.run("up")).exitCode).toBe(0);
  expect((await project.run("up", { expectNoChanges: true })).exitCode).toBe(0);
  expect(readFileSync(configFile, "utf8")).toBe(committed);
  expect(saltOfState()).toBe(salt);
  project.passphrase = "wrong";
  await expect(project.run("up")).rejects.toThrow(/incorrect passphrase/);
});

test("a salt in the config file wins, as with stock; the state follows at the next write", async () => {
  await project.run("up");
  const other = await newPassphrase(project.passphrase);
  const file = new ConfigFile({ root: project.root, name: "demo", stackConfigFolder: "." }, "dev");
  file.salt = other.salt;
  file.save();
  project.want({ a: { inputs: { value: "hunter3" }, secret: true } });
  expect((await project.run("up")).exitCode).toBe(0);
  expect(saltOfState()).toBe(other.salt);
  expect((await project.run("up", { expectNoChanges: true })).exitCode).toBe(0);
});
