import { readFileSync } from "node:fs";
import * as path from "node:path";
import { clusterFileJsonSchema } from "../../config/json-schema";
import { loadCluster } from "../../config/load";
import { ConfigErrors } from "../../config/problem";
import { renderReference } from "../../config/reference";
import { expectGolden } from "../support/golden";

const good = `cluster: dev
hosts:
  - {name: node-1, address: 10.0.0.1}
  - {name: node-2, address: 10.0.0.2}
image: {reference: "train:1", swift: 3.7.1}
slots: 2
`;

function load(text: string, others: Readonly<Record<string, string>> = {}, hasSecret?: (name: string) => boolean) {
  const readFile = (file: string): string => {
    if (file === "stacks/dev.yaml") return text;
    const found = others[path.relative(process.cwd(), file)];
    if (found === undefined) throw Object.assign(new Error("no file"), { code: "ENOENT" });
    return found;
  };
  return loadCluster("stacks/dev.yaml", hasSecret ? { readFile, hasSecret } : { readFile });
}

function refused(
  text: string,
  others?: Readonly<Record<string, string>>,
  hasSecret?: (name: string) => boolean,
): string {
  try {
    load(text, others, hasSecret);
  } catch (error) {
    if (error instanceof ConfigErrors) return `${error.message}\n`;
    throw error;
  }
  throw new Error("the file was accepted");
}

describe("a cluster file that is right", () => {
  test("gets defaults, and a host takes what ssh says", () => {
    const cluster = load(`${good}ssh: {user: ops, port: 2200, identityFile: keys/id, bastion: {address: gate}}\n`);
    expect(cluster.hosts[1]).toEqual({
      name: "node-2",
      address: "10.0.0.2",
      clusterAddress: "10.0.0.2",
      port: 2200,
      user: "ops",
      connectTimeoutSeconds: 15,
      keepaliveSeconds: 15,
      identityFile: [path.resolve("stacks/keys/id")],
      bastion: { address: "gate", port: 22, user: "ops", identityFile: [path.resolve("stacks/keys/id")] },
    });
    expect(cluster.container).toMatchObject({ name: "ms", gpus: "all", sshPort: 2333, shmSizeGib: 64 });
    expect(cluster.knownHosts).toBe(path.resolve("stacks/dev.known_hosts"));
  });

  test("takes its hosts from an inventory, whose paths are relative to itself", () => {
    const text = `cluster: dev\ninventory: ../.muster/sandbox/inventory.yaml\nimage: {reference: x, swift: 3.7.1}\nslots: 1\n`;
    const inventory =
      "hosts:\n  - {name: node-1, address: 10.77.0.11}\nssh: {identityFile: ./key}\nknownHosts: ./known_hosts\n";
    const cluster = load(text, { ".muster/sandbox/inventory.yaml": inventory });
    expect(cluster.hosts[0]?.identityFile).toEqual([path.resolve(".muster/sandbox/key")]);
    expect(cluster.knownHosts).toBe(path.resolve(".muster/sandbox/known_hosts"));
  });

  test("a host's own interface wins over the one for all", () => {
    const text = good.replace("address: 10.0.0.2", "address: 10.0.0.2, interface: ib0");
    expect(load(`${text}network: {interface: eth0}\n`).network.interface).toEqual({
      "node-1": "eth0",
      "node-2": "ib0",
    });
    expect(load(text).network.interface).toEqual({ "node-1": "auto", "node-2": "ib0" });
    expect(load(good).network.interface).toBe("auto");
  });

  test("keeps a home folder for whoever opens the key", () => {
    expect(load(`${good}ssh: {identityFile: ~/.ssh/id}\n`).hosts[0]?.identityFile).toEqual(["~/.ssh/id"]);
  });
});

describe("a cluster file that is wrong", () => {
  test("has all its problems told at once, in the order of the file", () => {
    const text = `cluster: Dev
hosts:
  - {name: node-1, address: 10.0.0.1}
  - {name: node-1, adress: 10.0.0.2}
image: {reference: x, swift: 3.7}
container:
  shmSizeGib: 128g
  shmSize: 12
slots: 0
network: {rdma: maybe}
access: {rootPassword: hunter2}
proxy: {url: "http://me:hunter2@10.0.0.1:7890"}
pipeline:
  model: {path: models}
  train: {nodes: [], output: /x, waitMinutes: 2h, tool: megatron stf, args: {a: {b: 1}}}
  serve: {gpus: [0, 0], engine: vlm}
`;
    const message = refused(text);
    expect(message).not.toContain("hunter2");
    expectGolden("config/many-problems.txt", message);
  });

  test("a duplicate host is found by name and by address", () => {
    const hosts = "hosts: [{name: a, address: 10.0.0.1}, {name: a, address: 10.0.0.3}, {name: b, address: 10.0.0.1}]";
    expectGolden("config/duplicate-hosts.txt", refused(good.replace(/hosts:\n.*\n.*\n/, `${hosts}\n`)));
  });

  test("several hosts behind one address are fine with several ports, but the nodes need addresses of their own", () => {
    const two = (more: string) =>
      good.replace(
        /hosts:\n.*\n.*\n/,
        `hosts: [{name: a, address: 10.0.0.1, port: 2201}, {name: b, address: 10.0.0.1, port: 2202${more}}]\n`,
      );
    const addresses = load(two(", clusterAddress: 10.9.0.2")).hosts.map(host => host.clusterAddress);
    expect(addresses).toEqual(["10.0.0.1", "10.9.0.2"]);
    expect(refused(two(""))).toMatch(/the other nodes already reach 'a'.*\n.*clusterAddress/);
  });

  test("a node that is no host is named with the nearest one", () => {
    const steps =
      "steps: [{name: hello, run: echo, nodes: [node-3]}]\ndoctor: {accept: [{finding: x, host: nod-1, reason: y}]}\n";
    expectGolden("config/unknown-nodes.txt", refused(good + steps));
  });

  test("YAML that is no YAML, a key twice, a missing file and a missing inventory are told with the remedy", () => {
    expectGolden("config/yaml.txt", refused(`${good}slots: 3\n`) + refused("a: [1\n"));
    expect(() =>
      loadCluster("stacks/none.yaml", {
        readFile: () => {
          throw Object.assign(new Error(), { code: "ENOENT" });
        },
      }),
    ).toThrow("stacks/none.yaml: found no such file, expected a readable file\n  remedy: muster init writes one");
    const text = good.replace(/hosts:\n.*\n.*\n/, "inventory: inv.yaml\n");
    expect(refused(text)).toContain("inv.yaml: found no such file");
    expect(refused(`${good}inventory: inv.yaml\n`)).toContain("found inventory and hosts, expected one of the two");
  });

  test("problems of the inventory name the inventory", () => {
    const text = good.replace(/hosts:\n.*\n.*\n/, "inventory: inv.yaml\n");
    const message = refused(text, { "stacks/inv.yaml": "hosts:\n  - {name: node-1, addres: 10.0.0.1}\n" });
    expect(message).toContain("inv.yaml:2:20: hosts[0].addres: found unknown key 'addres'");
    expect(message).toContain("remedy: write address");
  });

  test("a secret that the stack does not have is told with the command", () => {
    const message = refused(`${good}proxy: {url: {secret: proxyUrl}}\n`, {}, () => false);
    expect(message).toContain("proxy.url.secret: found secret 'proxyUrl', which the stack does not have");
    expect(message).toContain("remedy: muster config set --secret proxyUrl");
    expect(load(`${good}proxy: {url: {secret: proxyUrl}}\n`, {}, () => true).proxy?.url).toEqual({
      secret: "proxyUrl",
    });
  });
});

test("the JSON Schema and the reference come from the schema", () => {
  expect(clusterFileJsonSchema()).toMatchObject({ required: expect.arrayContaining(["cluster", "slots"]) });
  const reference = renderReference();
  // Written by `node dist/scripts/generate.js`.
  expect(readFileSync(path.join(__dirname, "../../docs/reference/cluster-file.md"), "utf8")).toBe(reference);
  expect(reference).toContain("| `container.shmSizeGib` | number | `64` |");
  expect(reference).toContain("| `pipeline.train.learningRate` | number |");
});
