import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { stockEnvironment } from "../../cli/stock-engine";
import { ProjectFolder } from "./project-folder";

const folder = new ProjectFolder();
afterAll(() => folder.remove());

const muster =
  'name: demo\nruntime: nodejs\nbackend: {url: "file://./.muster"}\nplugins: {providers: [{name: muster, path: x}]}\n';

test("stock gets what muster decides for its own stacks, and what the operator has said stays", () => {
  folder.write("Pulumi.yaml", muster);
  const up = ["--engine", "pulumi", "up", "-s", "prod"];
  expect(stockEnvironment(up, { A: "b" }, folder.path)).toEqual({
    A: "b",
    PULUMI_CONTINUE_ON_ERROR: "true",
    PULUMI_PARALLEL: "1024",
  });
  const said = { PULUMI_CONTINUE_ON_ERROR: "false", PULUMI_PARALLEL: "3" };
  expect(stockEnvironment(up, said, folder.path)).toEqual(said);
  expect(stockEnvironment(["up", "-C", folder.path], {}, "/")).toMatchObject({ PULUMI_PARALLEL: "1024" });
  expect(stockEnvironment(up, { A: "b" }, "/")).toEqual({ A: "b" });
  folder.write("Pulumi.yaml", "name: demo\nruntime: nodejs\n");
  expect(stockEnvironment(up, { A: "b" }, folder.path)).toEqual({ A: "b" });
});

test("the passphrase that was made for dev opens it on stock too, and no other stack", () => {
  folder.write("Pulumi.yaml", muster);
  mkdirSync(join(folder.path, ".muster"));
  folder.write(".muster/passphrase", "made\n");
  const file = join(folder.path, ".muster/passphrase");
  const passphraseOf = (argv: string[], env: Record<string, string> = {}) =>
    stockEnvironment(argv, env, folder.path).PULUMI_CONFIG_PASSPHRASE_FILE;
  expect(passphraseOf(["up", "-s", "dev"])).toBe(file);
  expect(passphraseOf(["up", "--stack=organization/demo/dev"])).toBe(file);
  expect(passphraseOf(["up", "-s", "prod"])).toBeUndefined();
  expect(passphraseOf(["up", "-s", "dev"], { PULUMI_CONFIG_PASSPHRASE: "x" })).toBeUndefined();
  expect(passphraseOf(["up", "-s", "dev"], { PULUMI_CONFIG_PASSPHRASE_FILE: "other" })).toBe("other");
});
