import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packages } from "../../provider/packages";
import { type ProviderServer, startProviderServer } from "../../provider/server";
import { newServices } from "../../provider/ssh-transport";
import { Cleanup } from "../support/cleanup";
import { TestProject } from "../support/test-project";
import { TestProvider } from "../support/test-provider";

const cleanup = new Cleanup();
let project: TestProject;
let server: ProviderServer;

beforeEach(async () => {
  const provider = new TestProvider();
  cleanup.add(() => provider.close());
  project = await TestProject.create(provider);
  cleanup.add(() => project.remove());
  server = await startProviderServer({ packages, services: newServices() });
  cleanup.add(() => server.stop());
});
afterEach(cleanup.run);

/** A program with one explicit provider of package muster. */
function declare(hosts: string, more = ""): void {
  const args = `{ cluster: "demo", hosts: [${hosts}]${more} }`;
  const program = `const pulumi = require("@pulumi/pulumi");
new (class extends pulumi.ProviderResource {})("muster", "p", ${args});\n`;
  writeFileSync(join(project.root, "index.js"), program);
}

async function up(): Promise<string> {
  const result = await project.run("up", { plugins: { address: () => server.address("muster") } });
  expect(project.errors).toEqual([]);
  expect(result.exitCode).toBe(0);
  return project.checkpointText + JSON.stringify(project.events);
}

const MARKS = ["marked-password", "marked-passphrase", "marked-sudo", "marked-gate"];
const [password, passphrase, sudoPassword, gate] = MARKS.map(mark => `pulumi.secret("${mark}")`);
const bastion = `{ address: "10.0.0.9", user: "g", hostKeys: [], password: ${gate} }`;
const host = (name: string) =>
  `{ name: "${name}", address: "10.0.0.1", user: "ops", hostKeys: [], password: ${password}, passphrase: ${passphrase}, sudoPassword: ${sudoPassword}, bastion: ${bastion} }`;

test("secrets of the host table are encrypted in the state, also those of hosts that are gone; nothing is shown", async () => {
  declare(`${host("a")}, ${host("b")}`);
  const first = await up();
  declare(host("a"));
  const second = await up();
  expect(project.steps).toEqual(["update p"]);
  expect(second).toContain("formerHosts");
  declare(host("a"));
  const third = await up();
  expect(project.steps).toEqual([]);
  for (const text of [first, second, third]) {
    for (const mark of MARKS) expect(text).not.toContain(mark);
    expect(text).toContain("10.0.0.9");
  }
});

test("a line that moved in somebody's ssh_config is no change", async () => {
  declare(host("a"), ', origins: { a: "User ~/.ssh/config:3" }');
  await up();
  declare(host("a"), ', origins: { a: "User ~/.ssh/config:4" }');
  await up();
  expect(project.steps).toEqual([]);
});
