import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Cleanup } from "../support/cleanup";

const CHECKOUT = resolve(__dirname, "../..");
/** A bound for two runs on a busy machine, not a measurement. */
const RUNS_MS = 120_000;

const cleanup = new Cleanup();
afterEach(cleanup.run);

test(
  "started from elsewhere, relative paths in inputs are the project's, and those of flags the named folder's",
  () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "muster-working-folder-")));
    cleanup.add(() => rmSync(root, { recursive: true }));
    mkdirSync(join(root, "below"));
    symlinkSync(join(CHECKOUT, "node_modules"), join(root, "node_modules"));
    const put = (name: string, text: string): void => writeFileSync(join(root, name), text);
    put("Pulumi.yaml", "name: there\nruntime: {name: nodejs, options: {typescript: false}}\nmain: index.js\n");
    put("package.json", '{"main": "index.js"}\n');
    put(
      "index.js",
      `const { local } = require("@pulumi/command");
       exports.where = new local.Command("where", { create: "pwd" }).stdout;\n`,
    );
    const muster = (...argv: string[]): string =>
      execFileSync(process.execPath, [join(CHECKOUT, "dist/cli/main.js"), "-C", join(root, "below"), ...argv], {
        cwd: tmpdir(),
        env: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "x", PULUMI_BACKEND_URL: `file://${root}/state` },
        encoding: "utf8",
      });
    mkdirSync(join(root, "state"));
    muster("stack", "init", "dev");
    muster("up", "-s", "dev", "--yes", "--skip-preview", "--event-log", "events.json");
    expect(JSON.parse(muster("stack", "output", "-s", "dev", "--json"))).toEqual({ where: root });
    expect(existsSync(join(root, "below/events.json"))).toBe(true);
  },
  RUNS_MS,
);
