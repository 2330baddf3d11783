import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { knownArguments, listedVersions } from "../../recipes/ms-swift/argument-list";
import { Cleanup } from "../support/cleanup";

const cleanup = new Cleanup();
afterEach(cleanup.run);

const root = path.join(__dirname, "..", "..");
const recipes = path.join(root, "recipes", "ms-swift");

/** What the real parser of transformers counted, with -h: `parsecheck.py` on CPU, ms-swift 3.7.1 and 4.6.0. */
test.each([
  ["3.7.1", 282],
  ["4.6.0", 447],
])("the list of megatron sft %s is as long as the real parser's", (version, options) => {
  const all = [...(knownArguments("megatron sft", version)?.list.arguments.values() ?? [])];
  const twins = all.filter(shape => shape.default === true).length;
  expect(all.length + twins + 1).toBe(options);
});

test("a version between two lists is judged by both, one of another line by none of the first", () => {
  const at = (version: string) => {
    const known = knownArguments("megatron sft", version);
    return known && [known.list.version, known.neighbour?.version, known.isExact];
  };
  expect(["3.7.0", "3.7.1", "3.9.3", "3.12.6", "3.12.9", "4.2.3", "4.6.0", "4.7.0", "5.0.0"].map(at)).toEqual([
    ["3.7.1", undefined, false],
    ["3.7.1", undefined, true],
    ["3.7.1", "3.12.6", false],
    ["3.12.6", undefined, true],
    ["3.12.6", "4.6.0", false],
    ["4.6.0", "3.12.6", false],
    ["4.6.0", undefined, true],
    ["4.6.0", undefined, false],
    undefined,
  ]);
});

/** The committed lists are what the published wheels say. pip downloads the five of them: some seconds. */
test("the lists are those of the published wheels", async () => {
  const files = listedVersions.map(version => `arguments-${version}.json`);
  const lists = files.map(name => JSON.parse(fs.readFileSync(path.join(recipes, name), "utf8")));
  const outside: string[] = [...new Set(lists.map(list => String(list.transformers)))];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "muster-wheels-"));
  cleanup.add(() => fs.rmSync(folder, { recursive: true }));
  const run = promisify(execFile);
  const download = async (name: string, version: string): Promise<string> => {
    const target = path.join(folder, `${name}-${version}`);
    const wanted = [`${name}==${version}`, "--dest", target];
    await run("python3", ["-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", ...wanted]);
    return path.join(target, String(fs.readdirSync(target)[0]));
  };
  const extract = async (name: string, version: string, ...more: string[]): Promise<unknown> => {
    const script = path.join(root, "scripts", "extract-arguments.py");
    const { stdout } = await run("python3", [script, name, version, await download(name, version), ...more]);
    return JSON.parse(stdout);
  };
  const found = await Promise.all([
    ...lists.map(list => extract("ms-swift", list.version, "--transformers", list.transformers)),
    ...outside.map(version => extract("transformers", version)),
  ]);
  const committed = [...files, ...outside.map(version => `transformers-${version}.json`)];
  expect(found).toEqual(committed.map(name => JSON.parse(fs.readFileSync(path.join(recipes, name), "utf8"))));
}, 120_000);
