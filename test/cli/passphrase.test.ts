import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPassphrase, type PassphraseRequest } from "../../cli/passphrase";
import { OperatorError } from "../../wire/operator-error";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-passphrase-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const find = (parts: Partial<PassphraseRequest>): string =>
  findPassphrase({ stack: "dev", projectRoot: root, env: {}, saltIn: undefined, ...parts });

function remedyOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof OperatorError) return error.problems.map(problem => problem.remedy).join();
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("dev gets one made, which only its owner can read, and keeps it", () => {
  const made = find({});
  expect(made).toHaveLength(32);
  expect(statSync(join(root, ".muster", "passphrase")).mode & 0o777).toBe(0o600);
  expect(statSync(join(root, ".muster")).mode & 0o777).toBe(0o700);
  expect(find({ saltIn: "Pulumi.dev.yaml" })).toBe(made);
  expect(readFileSync(join(root, ".muster", "passphrase"), "utf8")).toBe(`${made}\n`);
});

test("the environment wins, an empty passphrase is one, and a file is read without its line end", () => {
  expect(find({ stack: "prod", env: { PULUMI_CONFIG_PASSPHRASE: "" } })).toBe("");
  writeFileSync(join(root, "secret"), "from file\n");
  expect(find({ stack: "prod", env: { PULUMI_CONFIG_PASSPHRASE_FILE: "secret" } })).toBe("from file");
  expect(find({ env: { PULUMI_CONFIG_PASSPHRASE: "a", PULUMI_CONFIG_PASSPHRASE_FILE: "secret" } })).toBe("a");
});

test("any other stack without a passphrase is refused with the remedy", () => {
  expect(remedyOf(() => find({ stack: "prod" }))).toMatch(/PULUMI_CONFIG_PASSPHRASE_FILE/);
  expect(remedyOf(() => find({ env: { PULUMI_CONFIG_PASSPHRASE_FILE: "absent" } }))).toMatch(/readable file/);
});

test("dev with secrets of another machine is not given a second passphrase", () => {
  expect(remedyOf(() => find({ saltIn: "Pulumi.dev.yaml" }))).toMatch(/remove the encryptionsalt line/);
});
