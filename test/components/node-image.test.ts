import * as pulumi from "@pulumi/pulumi";
import type { Fleet } from "../../components/fleet";
import { NodeImage } from "../../components/node-image";
import { loadCluster } from "../../config/load";

interface Seen {
  readonly inputs: Record<string, unknown>;
  /** What it waits for besides its inputs. */
  readonly dependsOn: readonly pulumi.Resource[];
}

const inputs = new Map<string, Record<string, unknown>>();
const dependencies = new Map<string, readonly pulumi.Resource[]>();
const id = `sha256:${"a".repeat(64)}`;

beforeAll(() =>
  pulumi.runtime.setMocks({
    newResource: args => {
      inputs.set(args.name, args.inputs);
      return { id: args.name, state: { ...args.inputs, imageId: id } };
    },
    call: args => args.inputs,
  }),
);

const noteDependencies: pulumi.ResourceTransformation = ({ name, opts }) => {
  dependencies.set(name, [opts.dependsOn ?? []].flat() as pulumi.Resource[]);
  return undefined;
};

class Host extends pulumi.CustomResource {
  constructor(name: string) {
    super("test:index:Host", name);
  }
}

/** Declares the images of two hosts; the lines stand below \`image\` in the cluster file. */
async function images(cluster: string, ...lines: string[]): Promise<(name: string) => Seen> {
  return imagesAt({}, cluster, ...lines);
}

/** `planned`: addresses that the network plan has in place of the cluster file's. */
async function imagesAt(
  planned: Readonly<Record<string, string>>,
  cluster: string,
  ...lines: string[]
): Promise<(name: string) => Seen> {
  const text = [
    `cluster: ${cluster}`,
    "hosts: [{name: node-1, address: 10.0.0.1}, {name: node-2, address: 10.0.0.2}]",
    "slots: 1",
    "image:",
    "  reference: app:1",
    "  swift: 3.7.1",
    "  vllm: 0.10.0",
    ...lines.map(line => `  ${line}`),
  ].join("\n");
  const settings = loadCluster("c.yaml", { readFile: () => text });
  const hosts = new Map(settings.hosts.map(({ name }) => [name, new Host(`${cluster}-${name}-host`)]));
  const nodes = settings.hosts.map(({ name, address }) => ({ node: name, address: planned[name] ?? address }));
  const fleet = { network: pulumi.output({ nodes }), on: (name: string) => hosts.get(name) } as unknown as Fleet;
  const secret = (name: string) => pulumi.secret(`the ${name}`);
  const made = new NodeImage(cluster, { settings, fleet, secret }, { transformations: [noteDependencies] });
  await Promise.all(
    settings.hosts.map(({ name }) => new Promise(resolve => made.on(name).imageId.apply(found => resolve(found)))),
  );
  return name => {
    const found = inputs.get(`${cluster}-${name}`);
    if (!found) throw new Error(`no ${name} among ${[...inputs.keys()].join(", ")}`);
    return { inputs: found, dependsOn: dependencies.get(`${cluster}-${name}`) ?? [] };
  };
}

async function names(resources: readonly pulumi.Resource[]): Promise<string[]> {
  const urns = await Promise.all(
    resources.map(resource => new Promise<string>(resolve => resource.urn.apply(urn => resolve(urn)))),
  );
  return urns.map(urn => urn.split("::").at(-1) ?? "");
}

test("an image depends on its own host only, so that another one that is out of reach stops nothing", async () => {
  const image = await images("own", "packages: {apt: true}");
  for (const node of ["node-1", "node-2"]) {
    expect(await names(image(`${node}-base-image`).dependsOn)).toEqual([`own-${node}-host`]);
    expect(await names(image(`${node}-image`).dependsOn)).toEqual([`own-${node}-base-image`]);
  }
});

test("all hosts have the same recipe, whoever derives", async () => {
  const image = await images("same", "packages: {mirror: 'http://mirror.example/debian'}");
  const { host: _first, ...first } = image("node-1-image").inputs;
  const { host: _second, ...second } = image("node-2-image").inputs;
  expect(second).toEqual(first);
  expect(first).toMatchObject({
    source: { derive: { base: "app:1", baseId: id, mirror: "http://mirror.example/debian" } },
    peers: [],
    spread: true,
  });
});

test("of the nodes, which the provider has, only those are named that are reached at another address", async () => {
  const image = await imagesAt({ "node-2": "10.9.0.2" }, "other", "packages: {apt: true}");
  const peers = [{ host: "node-2", address: "10.9.0.2" }];
  expect(image("node-1-image").inputs).toMatchObject({ peers });
  expect(image("node-2-base-image").inputs).toMatchObject({ peers });
});

test.each([
  ["a pull is each host by itself", ["pull: true"], { source: { pull: {} }, spread: false }],
  ["a pull that shall be spread", ["spread: true"], { source: { pull: {} }, spread: true }],
  ["an archive is spread", ["archive: a.tar"], { source: { archive: {} }, spread: true }],
  [
    "an archive for each host by itself",
    ["archive: a.tar", "spread: false"],
    { source: { archive: {} }, spread: false },
  ],
  ["what is there already", ["pull: false"], { source: { present: {} }, spread: false }],
  ["a pinned digest", [`digest: ${id}`], { source: { pull: {} }, pinnedDigest: id }],
])("%s", async (what, lines, expected) => {
  const image = await images(what.replaceAll(" ", "-"), ...lines);
  expect(image("node-1-base-image").inputs).toMatchObject({ ...expected, peers: [] });
});

test("the password of a registry is a secret", async () => {
  const image = await images("login", "registry: {user: me, password: {secret: token}}");
  expect(JSON.stringify(image("node-1-base-image").inputs.registry)).toContain("the token");
});
