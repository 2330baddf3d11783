import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigFile } from "../../engine/config-file";
import { TestProject } from "../support/test-project";
import { TestProvider } from "../support/test-provider";

/** Programs are started up to nine times in a test. */
jest.setTimeout(240_000);

let provider: TestProvider;
let project: TestProject;
let plan: string;

beforeEach(async () => {
  provider = new TestProvider();
  project = await TestProject.create(provider);
  plan = join(project.root, "plan.json");
});

afterEach(() => {
  provider.close();
  project.remove();
});

const CHAIN = {
  a: { inputs: { value: 1 } },
  b: { inputs: { value: 2 }, from: ["a"] },
  c: { inputs: { value: 3 }, from: ["b"] },
};

const urn = (name: string): string => `urn:pulumi:dev::demo::demo:index:Thing::${name}`;

async function savePlan(): Promise<void> {
  expect(await project.run("preview", { savePlan: plan })).toMatchObject({ result: "succeeded" });
}

/** The comparison before, and the run that `up --plan` would go on with. */
async function carryOut(): Promise<string> {
  const preview = await project.run("preview", { plan });
  if (preview.result === "failed") return "stopped before";
  return (await project.run("up", { plan })).result;
}

function saved(): { resourcePlans: Record<string, Record<string, unknown>>; config?: unknown } {
  return JSON.parse(readFileSync(plan, "utf8"));
}

test("a plan file has stock's shape: goals with their changes, steps, state, seed, and is its owner's alone", async () => {
  project.want(CHAIN);
  await savePlan();
  expect(statSync(plan).mode & 0o777).toBe(0o600);
  expect(saved()).toMatchObject({ manifest: { version: expect.any(String), magic: expect.any(String) } });
  const b = saved().resourcePlans[urn("b")];
  expect(b).toMatchObject({
    goal: {
      type: "demo:index:Thing",
      name: "b",
      custom: true,
      inputDiff: { adds: { value: 2, from_a: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" } },
      outputDiff: {},
      parent: "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev",
      protect: false,
      dependencies: [urn("a")],
      propertyDependencies: { from_a: [urn("a")], value: [] },
    },
    steps: ["create"],
    state: { value: 2 },
  });
  expect(Buffer.from(String(b?.seed), "base64")).toHaveLength(32);
  expect(provider.mutations).toEqual([]);
});

test("a plan is carried out, and may be again: what is there already is not a deviation", async () => {
  project.want(CHAIN);
  await project.run("up");
  project.want({ a: { inputs: { value: 1, kind: "new" } }, b: { inputs: { value: 20 }, from: ["a"] } });
  await savePlan();
  expect(saved().resourcePlans[urn("a")]?.steps).toEqual(["create-replacement", "replace", "delete-replaced"]);
  expect(saved().resourcePlans[urn("c")]).toEqual({ steps: ["delete"], state: null });
  expect(await carryOut()).toBe("succeeded");
  expect(project.errors).toEqual([]);
  expect(provider.mutations.slice(3)).toEqual(["create a", "update b", "delete c", "delete a"]);
  expect(await carryOut()).toBe("succeeded");
  expect(project.steps).toEqual([]);
});

test("a run that failed half-way is gone on with by the same plan", async () => {
  project.want(CHAIN);
  await savePlan();
  provider.during = (_method, name) => {
    if (name === "b") throw new Error("no room");
  };
  expect(await carryOut()).toBe("failed");
  provider.during = () => {};
  expect(await carryOut()).toBe("succeeded");
  expect(provider.things.size).toBe(3);
});

test("all deviations are told before the first mutation", async () => {
  project.want(CHAIN);
  await savePlan();
  const deviations: [Parameters<TestProject["want"]>[0], string][] = [
    [{ ...CHAIN, a: { inputs: { value: 7 } } }, "value: planned 1, now 7"],
    [{ ...CHAIN, a: { inputs: { value: 1, more: true } } }, "more: planned absent, now true"],
    [{ ...CHAIN, a: { inputs: {} } }, "value: planned 1, now absent"],
    [{ ...CHAIN, d: { inputs: { value: 4 } } }, "create is not in the plan, which does not have this resource"],
    [{ a: CHAIN.a, b: CHAIN.b }, "the plan has create for it, and this run has nothing to do with it"],
    [{ ...CHAIN, c: { inputs: { value: 3 } } }, "option dependencies: planned"],
  ];
  for (const [things, message] of deviations) {
    project.want(things);
    expect(await carryOut()).toBe("stopped before");
    expect(project.errors.join("\n")).toContain(message);
    expect(project.errors.at(-1)).toContain("muster preview -s dev --save-plan FILE");
  }
  project.want({ a: { inputs: { value: 7 } }, b: { inputs: { value: 8 }, from: ["a"] } });
  await carryOut();
  expect(project.errors).toHaveLength(5);
  expect(provider.mutations).toEqual([]);
});

test("what the state has become since is a deviation, too", async () => {
  project.want(CHAIN);
  await project.run("up");
  project.want({ ...CHAIN, c: { inputs: { value: 30 }, from: ["b"] } });
  await savePlan();
  provider.things.delete("a-1");
  await project.run("refresh");
  expect(await carryOut()).toBe("stopped before");
  expect(project.errors.join("\n")).toContain("create is not in the plan, which has same");
});

test("a deviation that shows only while running stops at that step, continue-on-error or not", async () => {
  const program = `
    const pulumi = require("@pulumi/pulumi");
    const Thing = class extends pulumi.CustomResource {};
    const grown = pulumi.runtime.isDryRun() ? 1 : 2;
    const first = new Thing("demo:index:Thing", "first", { value: 1 });
    const second = new Thing("demo:index:Thing", "second", { value: grown, after: first.id });
    new Thing("demo:index:Thing", "third", { value: 1, after: second.id });`;
  project.program(program);
  await savePlan();
  expect((await project.run("up", { plan, continueOnError: true })).exitCode).toBe(1);
  expect(provider.mutations).toEqual(["create first"]);
  expect(project.errors[0]).toContain("it differs from the plan:\n  value: planned 1, now 2");
  expect(project.checkpoint.pending_operations).toBeUndefined();
});

test("another configuration is a deviation", async () => {
  project.want(CHAIN);
  const config = (value: string): void => {
    const file = new ConfigFile({ root: project.root, name: "demo", stackConfigFolder: "." }, "dev");
    file.set("size", value, false);
    file.save();
  };
  config("1");
  await savePlan();
  expect(await carryOut()).toBe("succeeded");
  config("2");
  expect(await carryOut()).toBe("stopped before");
  expect(project.errors[0]).toBe("configuration differs from the plan: demo:size");
});

test("secrets are encrypted in the file, compared when it is used, and never told", async () => {
  project.want({ a: { inputs: { value: "hunter2" }, secret: true } });
  await savePlan();
  expect(readFileSync(plan, "utf8")).toContain("ciphertext");
  expect(readFileSync(plan, "utf8")).not.toContain("hunter2");
  project.want({ a: { inputs: { value: "hunter3" }, secret: true } });
  expect(await carryOut()).toBe("stopped before");
  expect(project.errors.join()).toContain('value: planned "[secret]", now "[secret]"');
  expect(JSON.stringify(project.events)).not.toMatch(/hunter/);
  project.want({ a: { inputs: { value: "hunter2" } } });
  expect(await carryOut()).toBe("stopped before");
  project.want({ a: { inputs: { value: "hunter2" }, secret: true } });
  expect(await carryOut()).toBe("succeeded");
});

test("a file that is no plan, another stack's, or absent is refused by name; a failed preview writes none", async () => {
  project.want(CHAIN, "no such host");
  expect((await project.run("preview", { savePlan: plan })).result).toBe("failed");
  const refused = async (): Promise<string> =>
    await project.run("preview", { plan }).then(
      () => "taken",
      error => JSON.stringify(error.problems),
    );
  expect(await refused()).toMatch(/can't be read.*plan\.json.*no such file/);
  project.want(CHAIN);
  writeFileSync(plan, "{");
  expect(await refused()).toMatch(/can't be read.*JSON/);
  writeFileSync(plan, "{}");
  expect(await refused()).toMatch(/can't be used.*manifest/);
  await savePlan();
  writeFileSync(plan, readFileSync(plan, "utf8").replaceAll("urn:pulumi:dev::", "urn:pulumi:prod::"));
  expect(await refused()).toMatch(/not of stack dev/);
});

test("names that a provider makes up are the same in the plan and in the run", async () => {
  provider.namesThings = true;
  project.want({ a: { inputs: { value: 1 } } });
  await savePlan();
  expect(await carryOut()).toBe("succeeded");
  const planned = saved().resourcePlans[urn("a")] as { goal: { inputDiff: { adds: { name: string } } } };
  expect([...provider.things.values()][0]?.name).toBe(planned.goal.inputDiff.adds.name);
});
