import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";

/**
 * Who may import whom: the table of docs/architecture.md, as paths from the project's root. A folder may always import itself.
 * Single files of remote/ and plan/ are pure: they know texts and types, no host.
 */
const LAW: Readonly<Record<string, readonly string[]>> = {
  "index.ts": ["components", "config"],
  components: ["recipes", "plan", "config", "provider/muster/sdk", "remote/host-table", "remote/shell"],
  recipes: ["config/schema", "remote/shell"],
  plan: ["facts", "config", "remote/shell"],
  facts: ["remote/shell"],
  config: ["recipes", "plan", "remote/host-table", "remote/host-key", "remote/known-hosts", "remote/ssh-config"],
  provider: ["remote", "facts", "plan", "wire"],
  remote: [],
  wire: [],
  engine: ["wire"],
  cli: ["components", "recipes", "plan", "facts", "config", "provider", "remote", "wire", "engine"],
  policies: ["plan", "facts", "config", "wire"],
  sandbox: [],
  scripts: [
    "components",
    "config",
    "facts",
    "plan",
    "cli/host-survey",
    "cli/survey-findings",
    "engine/event-schema",
    "provider/schema",
    "sandbox",
  ],
};

const root = resolve(__dirname, "..");
const IMPORT = /\b(?:from|import|require)\s*\(?\s*"(\.[^"]*)"/g;

/** Why a file may not import a path; undefined if it may. Both from the project's root, without an ending. */
function objection(file: string, imported: string): string | undefined {
  const folder = file.includes("/") ? (file.split("/")[0] ?? "") : file;
  const allowed = LAW[folder];
  if (allowed === undefined) return `${file}: ${folder} stands in no line of the import law`;
  const within = (place: string): boolean => imported === place || imported.startsWith(`${place}/`);
  if ([folder, ...allowed].some(within)) return undefined;
  const may = allowed.length === 0 ? "nothing of ours" : allowed.join(", ");
  return `${file} imports ${imported}, but ${folder} may import ${may} (docs/architecture.md)`;
}

test("every import keeps the law of docs/architecture.md", () => {
  const listed = execFileSync("git", ["ls-files", "-z", "-co", "--exclude-standard", "*.ts"], { cwd: root });
  const files = listed.toString().split("\0").filter(Boolean);
  expect(files).toContain("index.ts");
  const objections = files
    .filter(file => !file.startsWith("test/"))
    .flatMap(file =>
      [...sourceOf(file).matchAll(IMPORT)].map(match =>
        objection(file, posix.join(posix.dirname(file), match[1] ?? "")),
      ),
    );
  expect(objections.filter(found => found !== undefined)).toEqual([]);
});

/** Empty for a file that is still in git's index and no longer on disk. */
function sourceOf(file: string): string {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

test("the law tells its breaches", () => {
  expect(objection("engine/run.ts", "wire/values")).toBeUndefined();
  expect(objection("engine/run.ts", "engine/urn")).toBeUndefined();
  expect(objection("engine/run.ts", "provider/kind")).toMatch(/engine may import wire/);
  expect(objection("remote/pool.ts", "wire/operator-error")).toMatch(/remote may import nothing of ours/);
  expect(objection("config/load.ts", "remote/host-key")).toBeUndefined();
  expect(objection("config/load.ts", "remote/pool")).toMatch(/config\/load.ts imports remote\/pool/);
  expect(objection("components/cluster.ts", "provider/server")).toBeDefined();
});
