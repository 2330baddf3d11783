import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Cleanup } from "../support/cleanup";
import { type Finished, run } from "../support/command";

/**
 * The real CLI with a real program and a provider by path, killed (SIGKILL) from inside of a mutation: `before` the thing is made,
 * or `after`, so that nobody has heard of it yet.
 */
const CHECKOUT = resolve(__dirname, "../..");
const cleanup = new Cleanup();
afterEach(cleanup.run);

const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const wanted = require("./wanted.json");
const Thing = class extends pulumi.CustomResource {};
const group = new pulumi.ComponentResource("trivial:index:Group", "group");
let last;
for (const [name, args] of Object.entries(wanted)) {
  last = new Thing("trivial:index:Thing", name, { ...args, after: last && last.urn }, { parent: group });
}
`;
const FIRST = { a: { value: 1 }, b: { value: 2 }, c: { value: 3 }, d: { value: 4, sort: 1 }, e: { value: 5 } };
/** An update, a replacement, a deletion, a creation. */
const SECOND = { a: { value: 1 }, b: { value: 20 }, d: { value: 4, sort: 2 }, f: { value: 6 }, e: { value: 5 } };

class Site {
  readonly root = mkdtempSync(join(tmpdir(), "muster-kill-"));
  private readonly world = join(this.root, "world");

  constructor() {
    cleanup.add(() => rmSync(this.root, { recursive: true, force: true }));
    mkdirSync(this.world);
    symlinkSync(join(CHECKOUT, "node_modules"), join(this.root, "node_modules"));
    const put = (file: string, text: string): void => writeFileSync(join(this.root, file), text);
    put("package.json", '{"name":"kill","main":"index.js"}');
    put("index.js", PROGRAM);
    put(
      "Pulumi.yaml",
      [
        "name: kill",
        "runtime: {name: nodejs, options: {typescript: false}}",
        "backend: {url: file://./state}",
        `plugins: {providers: [{name: trivial, path: ${join(CHECKOUT, "scripts/bench-engine/provider")}}]}`,
        "",
      ].join("\n"),
    );
  }

  muster(args: string, kill = ""): Promise<Finished> {
    const env = {
      PULUMI_CONFIG_PASSPHRASE: "kill",
      PULUMI_BACKEND_URL: "",
      TRIVIAL_WORLD: this.world,
      TRIVIAL_KILL: kill,
    };
    const argv = [join(CHECKOUT, "dist/cli/main.js"), "--engine", "embedded", "-s", "dev", ...args.split(" ")];
    return run(process.execPath, argv, { cwd: this.root, env });
  }

  /** @throws Error with all that it said, if it fails */
  async succeeds(args: string): Promise<string> {
    const { code, stdout, stderr } = await this.muster(args);
    if (code !== 0) throw new Error(`muster ${args} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout + stderr;
  }

  want(things: object): void {
    writeFileSync(join(this.root, "wanted.json"), JSON.stringify(things));
  }

  /** Names of the things in the world, sorted; one that is there twice comes twice. */
  get things(): string[] {
    const folder = join(this.world, "things");
    return existsSync(folder)
      ? readdirSync(folder)
          .map(file => file.replace(/-\d+\.json$/, ""))
          .sort()
      : [];
  }

  get calls(): string[] {
    return readFileSync(join(this.world, "calls"), "utf8").trim().split("\n");
  }
}

/** A bound for a busy machine, not a measurement. */
const TIMEOUT_MS = 5 * 60_000;
const UP = "up --yes --skip-preview";
const KILLS = [
  ...["1 before", "1 after", "3 before", "5 after"].map(kill => ({ during: "the first up", kill })),
  ...["1 before", "1 after", "2 after", "3 before", "3 after", "4 after"].map(kill => ({
    during: "the second up",
    kill,
  })),
  ...["1 after", "3 before", "5 after"].map(kill => ({ during: "destroy", kill })),
];

test.each(KILLS)(
  "killed in mutation $kill of $during: the next run goes on, and says what may be there twice",
  async at => {
    const { during, kill } = at;
    const site = new Site();
    await site.succeeds("stack init dev");
    site.want(FIRST);
    if (during !== "the first up") await site.succeeds(UP);
    if (during === "the second up") site.want(SECOND);
    const before = during === "the first up" ? 0 : site.calls.length;
    const command = during === "destroy" ? "destroy --yes --skip-preview" : UP;

    expect((await site.muster(command, kill)).code).toBe(137);
    const [method, name = ""] = (site.calls.at(-1) ?? "").split(" ");
    expect(site.calls).toHaveLength(before + Number(kill.split(" ")[0]));

    if (kill === "1 after") {
      const locked = await site.muster(command);
      expect(locked.code).toBe(1);
      expect(locked.stderr).toMatch(/locked by 1 lock\(s\)[\s\S]*created by .* \(pid \d+\) at /);
    }
    await site.succeeds("cancel --yes");

    const said = await site.succeeds(command);
    const creating = method === "create";
    expect(said.includes("interrupted while creating")).toBe(creating);
    if (creating) expect(said).toContain(`::${name}, interrupted while creating`);

    const wanted = during === "destroy" ? [] : Object.keys(during === "the second up" ? SECOND : FIRST);
    const twice = creating && kill.endsWith("after") ? [name] : [];
    expect(site.things).toEqual([...wanted, ...twice].sort());
    if (during !== "destroy") await site.succeeds("preview --expect-no-changes");
  },
  TIMEOUT_MS,
);
