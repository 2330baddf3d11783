import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Cleanup } from "../../support/cleanup";
import { stockCommand } from "./engine-command";
import { NO_STOCK } from "./lanes";

const CHECKOUT = resolve(__dirname, "../../..");

const cleanup = new Cleanup();
afterEach(cleanup.run);

test.each(["muster", "command", "docker"])(
  "the stock CLI finds the plugin of package %s beside PulumiPlugin.yaml: a program whose first line is its port",
  async name => {
    const child = spawn(join(CHECKOUT, "provider", `pulumi-resource-${name}`), ["127.0.0.1:1"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    cleanup.add(() => child.kill("SIGKILL"));
    const line = await new Promise<string>((done, failed) => {
      child.once("error", failed);
      child.once("exit", code => failed(new Error(`it ended with ${code}`)));
      child.stdout.once("data", chunk => done(String(chunk)));
    });
    expect(line).toMatch(/^\d+\n$/);
  },
);

const stock = stockCommand();
const SERVES = "the stock CLI runs this project, and its provider serves it";
if (stock === undefined) test.skip(`${SERVES} (${NO_STOCK})`, () => {});
else {
  test(SERVES, () => {
    const [pulumi = ""] = stock.argv;
    const folder = mkdtempSync(join(tmpdir(), "muster-stock-"));
    const config = join(CHECKOUT, "Pulumi.stock-plugin.yaml");
    cleanup.add(() => rmSync(folder, { recursive: true }));
    cleanup.add(() => rmSync(config, { force: true }));
    const cluster = join(folder, "one.yaml");
    execFileSync(process.execPath, [join(CHECKOUT, "dist/cli/main.js"), "init", cluster], { cwd: CHECKOUT });
    // Nobody listens there: the host is asked, and found out of reach.
    const text = readFileSync(cluster, "utf8")
      .replace(/10\.0\.0\.\d/g, "127.0.0.1")
      .replace(/ {2}- \{name: node-2.*\n/, "");
    writeFileSync(cluster, text.replace("address: 127.0.0.1", "address: 127.0.0.1, port: 1"));
    writeFileSync(join(folder, "one.known_hosts"), "");
    const env = {
      ...process.env,
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: "x",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const run = (...argv: string[]) =>
      spawnSync(pulumi, [...argv, "--stack", "stock-plugin", "--non-interactive"], {
        cwd: CHECKOUT,
        env,
        encoding: "utf8",
      });
    run("stack", "init");
    run("config", "set", "muster:cluster", cluster);
    expect(run("preview").stdout).toMatch(/muster:index:Host[\s\S]*node-1 unreachable: 127\.0\.0\.1:1/);
  }, 240_000);
}
