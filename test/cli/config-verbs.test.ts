import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProjectFolder } from "./project-folder";

let project: ProjectFolder;
beforeEach(async () => {
  project = new ProjectFolder();
  await project.does("stack", "init", "prod");
});
afterEach(() => project.remove());

const file = (): string =>
  readFileSync(join(project.path, "Pulumi.prod.yaml"), "utf8").replace(/^encryptionsalt: .*\n/, "");
const set = (...argv: string[]): Promise<string> => project.does("config", "set", ...argv);

test("plain values are text; other namespaces keep theirs", async () => {
  await set("size", "12");
  await set("flag", "true");
  await set("muster:cluster", "stacks/prod.yaml");
  expect(file()).toBe('config:\n  demo:size: "12"\n  demo:flag: "true"\n  muster:cluster: stacks/prod.yaml\n');
  expect(await project.does("config", "get", "size")).toBe("12\n");
  expect(JSON.parse(await project.does("config", "--json"))).toEqual({
    "demo:flag": { value: "true", secret: false },
    "demo:size": { value: "12", secret: false },
    "muster:cluster": { value: "stacks/prod.yaml", secret: false },
  });
});

test("paths into maps and lists: numbers and truth values are such, secrets are encrypted where they stand", async () => {
  await set("--path", "net.mtu", "9000");
  await set("--path", "net.rdma", "true");
  await set("--path", 'net["odd.key"]', "x");
  await set("--path", "hosts[0]", "node-1");
  await set("--path", "hosts[1].name", "node-2");
  await set("--path", "--type", "string", "net.vlan", "12");
  await set("--type", "int", "count", "3");
  expect((await project.muster(["config", "set", "--secret", "--path", "net.key"], { input: "hunter2\n" })).code).toBe(
    0,
  );
  expect(file()).toMatch(
    /^config:\n {2}demo:net:\n {4}mtu: 9000\n {4}rdma: true\n {4}odd.key: x\n {4}vlan: "12"\n {4}key:\n {6}secure: v1:\S+\n {2}demo:hosts:\n {4}- node-1\n {4}- name: node-2\n {2}demo:count: 3\n$/,
  );
  expect(file()).not.toContain("hunter2");
  expect(await project.does("config")).not.toContain("hunter2");
  expect(await project.does("config", "--show-secrets")).toContain("hunter2");
  expect(JSON.parse(await project.does("config", "--json"))["demo:net"]).toEqual({ secret: true });
  expect(JSON.parse(await project.does("config", "get", "--json", "hosts"))).toEqual({
    value: '["node-1",{"name":"node-2"}]',
    objectValue: ["node-1", { name: "node-2" }],
    secret: false,
  });
  expect(await project.does("config", "get", "--path", "net.key")).toBe("hunter2\n");
  await project.does("config", "rm", "--path", "hosts[0]");
  expect(await project.does("config", "get", "--path", "hosts[0].name")).toBe("node-2\n");
  await project.does("config", "rm", "net");
  expect((await project.muster(["config", "get", "net"])).code).toBe(1);
});

test.each<[string, string, string]>([
  ["secret.part", "secret is a secret", "y"],
  ["text.part", "text is a single value", "y"],
  ["list[5]", "list is a list of 1, so the next index is 1", "y"],
  ["list.name", "list is a list", "y"],
  ["list[*]", "names no config key", "y"],
  ["none[2]", "index 2 of a list that is not there", "y"],
])("a path that would destroy something is refused: %s", async (path, why, value) => {
  const secure = await project.muster(["config", "set", "--secret", "secret"], { input: "hunter2\n" });
  expect(secure.code).toBe(0);
  await set("text", "a");
  await set("--path", "list[0]", "a");
  const before = file();
  const ended = await project.muster(["config", "set", "--path", path, value]);
  expect(ended).toMatchObject({ code: 1, err: expect.stringContaining(why.replace(/^(\w+) is/, "demo:$1 is")) });
  expect(file()).toBe(before);
});

test("what is a secret does not become plain by accident, and what looks like one is asked about", async () => {
  expect((await project.muster(["config", "set", "--secret", "login"], { input: "hunter2\n" })).code).toBe(0);
  const plain = await project.muster(["config", "set", "login", "hunter3"]);
  expect(plain).toMatchObject({ code: 1, err: expect.stringContaining("is a secret, and would be kept in plain") });
  await set("--plaintext", "login", "nobody");
  expect(await project.does("config", "get", "login")).toBe("nobody\n");
  expect((await project.muster(["config", "set", "apiKey", "k"])).err).toContain("looks like a secret");
  expect((await project.muster(["config", "set", "--type", "int", "size", "big"])).err).toContain("is no int");
});

test("the project's own values show, and a stack's win", async () => {
  project.write(
    "Pulumi.yaml",
    'name: demo\nruntime: nodejs\nbackend: {url: "file://./.muster"}\nconfig: {size: {default: 4}, name: a}\n',
  );
  expect(await project.does("config", "get", "size")).toBe("4\n");
  await set("name", "b");
  expect(await project.does("config")).toBe("KEY   VALUE\nname  b\nsize  4\n");
});

test("comments and order of the file stay", async () => {
  const text = "config:\n  # which hosts\n  demo:cluster: stacks/prod.yaml # reviewed\n  demo:z: 1\n";
  writeFileSync(join(project.path, "Pulumi.prod.yaml"), text);
  await set("a", "2");
  expect(file()).toBe(`${text}  demo:a: "2"\n`);
});

test("several at once: set-all in plain and secret, from JSON, rm-all", async () => {
  await project.does("config", "set-all", "--plaintext", "a=1=2", "--secret", "key=hunter2", "--plaintext", "b=x");
  expect(file()).toMatch(/^config:\n {2}demo:a: 1=2\n {2}demo:b: x\n {2}demo:key:\n {4}secure: v1:\S+\n$/);
  const all = await project.does("config", "--json", "--show-secrets");
  await project.does("config", "rm-all", "a", "b", "key", "none");
  expect(file()).toBe("");
  await project.does("config", "set-all", "--json", all);
  expect(await project.does("config", "--json", "--show-secrets")).toBe(all);
  await project.does("config", "set-all", "--path", "--plaintext", "net.mtu=9000", "--secret", "net.key=hunter2");
  expect(await project.does("config", "get", "net")).toBe('{"mtu":9000,"key":"hunter2"}\n');
  expect((await project.muster(["config", "set-all", "--plaintext", "a"])).err).toContain("'a' is no KEY=VALUE");
  expect((await project.muster(["config", "set-all", "--json", "[]x"])).err).toContain(
    "not what `muster config --json`",
  );
});

test("cp, and init --copy-config-from: what is secret is encrypted anew, with the other stack's key", async () => {
  await set("a", "1");
  await set("--path", "--secret", "net.key", "hunter2");
  const all = await project.does("config", "--json", "--show-secrets");
  const ciphertext = /secure: (\S+)/.exec(file())?.[1] ?? "none";
  await project.does("stack", "init", "next", "--copy-config-from", "prod");
  await project.does("stack", "init", "last");
  await project.does("config", "cp", "-s", "prod", "--path", "net.key", "--dest", "last");
  await project.does("config", "cp", "a", "-s", "prod", "-d", "last");
  for (const stack of ["next", "last"]) {
    expect(await project.does("config", "--json", "--show-secrets", "-s", stack)).toBe(all);
    expect(readFileSync(join(project.path, `Pulumi.${stack}.yaml`), "utf8")).not.toContain(ciphertext);
  }
  expect((await project.muster(["config", "cp", "none", "-s", "prod", "-d", "last"])).err).toContain("not found");
  expect((await project.muster(["config", "cp", "-s", "prod", "-d", "gone"])).code).toBe(6);
});

test("a secret that is damaged in the file is named, with the way to set it again", async () => {
  project.write(
    "Pulumi.prod.yaml",
    `${readFileSync(join(project.path, "Pulumi.prod.yaml"), "utf8")}config:\n  demo:key: {secure: v1:AAAA:BBBB}\n`,
  );
  expect(await project.muster(["preview"])).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /the secret demo:key of the stack's configuration can't be opened[\s\S]*config set --secret demo:key/,
    ),
  });
});
