import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Ended, ProjectFolder } from "./project-folder";

let project: ProjectFolder;
beforeEach(() => {
  project = new ProjectFolder();
});
afterEach(() => project.remove());

/** Every file of the project with its text. */
function everything(folder = project.path): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name);
    if (statSync(path).isFile()) files[name] = readFileSync(path, "utf8");
  }
  return files;
}

const PULUMI = 'name: demo\nruntime: nodejs\nbackend: {url: "file://./.muster"}\n';

interface BadInput {
  readonly argv: readonly string[];
  /** Default: 1. */
  readonly code?: number;
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
  /** What it must say: what, where, and the remedy. */
  readonly says: readonly (string | RegExp)[];
}

const UP = ["up", "-s", "prod", "--yes"];

test.each<[string, BadInput]>([
  [
    "a wrong passphrase",
    {
      argv: UP,
      env: { PULUMI_CONFIG_PASSPHRASE: "y" },
      says: ["error: incorrect passphrase for stack prod", "nothing was changed", "fix: set PULUMI_CONFIG_PASSPHRASE"],
    },
  ],
  [
    "a passphrase file that is not there",
    {
      argv: UP,
      env: { PULUMI_CONFIG_PASSPHRASE_FILE: "gone" },
      says: ["the passphrase file can't be read", /where: \S+\/gone/, "fix: set PULUMI_CONFIG_PASSPHRASE_FILE"],
    },
  ],
  [
    "a stack that is not there",
    {
      argv: ["up", "-s", "none", "--yes"],
      code: 6,
      says: ["no stack named 'none' found", "stacks that are there: prod", "fix: muster stack init none"],
    },
  ],
  [
    "a backend in Pulumi.yaml that is no folder",
    {
      argv: UP,
      files: { "Pulumi.yaml": PULUMI.replace("file://./.muster", "https://api.pulumi.com") },
      says: ["can't serve the backend https://api.pulumi.com", /where: \S+\/Pulumi\.yaml/, "fix: use --engine pulumi"],
    },
  ],
  [
    "a Pulumi.yaml that is no YAML",
    {
      argv: UP,
      files: { "Pulumi.yaml": "name: demo\nruntime: {nodejs\n" },
      says: ["not valid YAML", /where: \S+\/Pulumi\.yaml:\d+:\d+/, "fix:"],
    },
  ],
  [
    "a Pulumi.yaml without a name",
    {
      argv: UP,
      files: { "Pulumi.yaml": "runtime: nodejs\n" },
      says: ["'name' is missing", /where: \S+\/Pulumi\.yaml/, "fix: add"],
    },
  ],
  [
    "another runtime",
    {
      argv: UP,
      files: { "Pulumi.yaml": PULUMI.replace("nodejs", "python") },
      says: ["nodejs programs only, not 'python'", "fix: use --engine pulumi"],
    },
  ],
  [
    "a stack configuration that is no YAML",
    {
      argv: UP,
      files: { "Pulumi.prod.yaml": "config:\n  a: [1\nb: 2\n" },
      says: ["not valid YAML", /where: \S+\/Pulumi\.prod\.yaml:\d+:\d+/, "fix:"],
    },
  ],
  [
    "a stack configuration that is no map",
    {
      argv: ["config", "set", "-s", "prod", "a", "b"],
      files: { "Pulumi.prod.yaml": "- a\n" },
      says: ["is no map", /where: \S+\/Pulumi\.prod\.yaml/, "fix:"],
    },
  ],
  [
    "an unknown flag",
    { argv: [...UP, "--yse"], says: ["unknown option '--yse'", "Did you mean --yes?", "fix: `muster --help`"] },
  ],
  [
    "an unknown verb of a verb",
    { argv: ["stack", "bogus"], says: ["unknown command 'stack bogus'", "fix: `muster stack --help`"] },
  ],
  [
    "a value in plain and encrypted",
    {
      argv: ["config", "set", "-s", "prod", "--secret", "--plaintext", "a", "b"],
      says: ["cannot be used with", "fix:"],
    },
  ],
  ["an unknown verb", { argv: ["pup"], says: ["unknown command 'pup'", "Did you mean up?", "fix: `muster --help`"] }],
  [
    "a plan that is not there",
    {
      argv: [...UP, "--plan", "gone.json"],
      says: ["the plan can't be read", /where: \S+\/gone\.json/, "fix: make a new plan"],
    },
  ],
  [
    "no project",
    {
      argv: ["preview", "-C", "/", "-s", "prod"],
      says: ["there is no Pulumi.yaml", "where: /", "fix: go to your project's folder"],
    },
  ],
  ["no stack selected", { argv: ["up", "--yes"], says: ["no stack is selected", "fix: name one with -s NAME"] }],
])("%s: said with the remedy, and nothing is touched", async (_what, { argv, code = 1, env, files = {}, says }) => {
  await project.does("stack", "init", "prod", "--no-select");
  for (const [file, text] of Object.entries(files)) project.write(file, text);
  const before = everything();
  // A passphrase file is asked only if there is no passphrase.
  const { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile } = env ?? {};
  const ended: Ended = await project.muster(argv, { env, withoutPassphrase: passphraseFile !== undefined });
  expect(ended.code).toBe(code);
  for (const text of says)
    expect(ended.err).toEqual(typeof text === "string" ? expect.stringContaining(text) : expect.stringMatching(text));
  expect(ended.err).not.toMatch(/^\s+at /m);
  expect(everything()).toEqual(before);
});

test("a backend of the environment that is no folder is named as such", async () => {
  await project.does("stack", "init", "prod", "--no-select");
  process.env.PULUMI_BACKEND_URL = "s3://bucket";
  try {
    const { code, err } = await project.muster(UP);
    expect(code).toBe(1);
    expect(err).toMatch(
      /can't serve the backend s3:\/\/bucket\n {2}where: PULUMI_BACKEND_URL\n[\s\S]*fix: use --engine pulumi/,
    );
  } finally {
    delete process.env.PULUMI_BACKEND_URL;
  }
});
