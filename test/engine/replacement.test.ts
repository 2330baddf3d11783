import { project, provider } from "../support/project-of-each-test";

/** A thing that is replaced if its kind changes: deleted first. */
function programOf(kind: string | undefined, options = "deleteBeforeReplace: true"): string {
  return `
    const pulumi = require("@pulumi/pulumi");
    if (${JSON.stringify(kind)}) new (class extends pulumi.CustomResource {})("demo:index:Thing", "a", { kind: ${JSON.stringify(kind)} }, { ${options} });`;
}

async function failBetween(): Promise<void> {
  project.program(programOf("old"));
  await project.run("up");
  project.program(programOf("new"));
  provider.during = method => {
    if (method === "create") throw new Error("no room");
  };
  expect((await project.run("up")).exitCode).toBe(1);
  provider.during = () => {};
  provider.calls.length = 0;
  expect(project.checkpoint.resources?.at(-1)).toMatchObject({ id: "a-1", pendingReplacement: true });
}

test("deleted, and its replacement failed: the next run makes it, and deletes nothing", async () => {
  await failBetween();
  await project.run("up");
  expect(project.steps).toEqual(["replace a", "create-replacement a"]);
  expect(provider.mutations).toEqual(["create a"]);
  expect(project.checkpoint.resources?.at(-1)).not.toHaveProperty("pendingReplacement");
});

test("deleted, its replacement failed, and the program goes back: it is made as it was, and not deleted once more", async () => {
  await failBetween();
  project.program(programOf("old", ""));
  await project.run("up");
  expect(provider.mutations).toEqual(["create a"]);
  expect(project.checkpoint.resources?.filter(state => state.id?.startsWith("a-"))).toHaveLength(1);
});

test("deleted, its replacement failed, and the program no longer has it: only its entry goes", async () => {
  await failBetween();
  project.program(programOf(undefined));
  await project.run("up");
  expect(project.steps).toContain("remove-pending-replace a");
  expect(provider.mutations).toEqual([]);
  expect(JSON.stringify(project.checkpoint.resources)).not.toContain("a-1");
});

test("protection that goes in the same run is no obstacle; one that stays is, before anything is touched", async () => {
  project.program(programOf("old", "protect: true"));
  await project.run("up");
  provider.calls.length = 0;
  project.program(programOf("new", "protect: true"));
  expect((await project.run("up")).exitCode).toBe(1);
  expect(project.errors[0]).toContain("unable to replace resource");
  expect(provider.mutations).toEqual([]);
  const preview = await project.run("preview");
  expect(preview.exitCode).toBe(1);
  expect(project.steps).toEqual(["create-replacement a", "replace a", "delete-replaced a"]);
  project.program(programOf("new"));
  expect((await project.run("up")).exitCode).toBe(0);
  expect(provider.mutations).toEqual(["delete a", "create a"]);
});

test("destroy --exclude-protected leaves what is protected, and what that needs", async () => {
  project.program(`
    const pulumi = require("@pulumi/pulumi");
    const Thing = class extends pulumi.CustomResource {
      constructor(name, args, options) { super("demo:index:Thing", name, args, options); }
    };
    const needed = new Thing("needed", { value: 1 });
    new Thing("held", { value: needed.id }, { protect: true });
    new Thing("free", { value: needed.id });`);
  await project.run("up");
  provider.calls.length = 0;
  expect((await project.run("destroy", { excludeProtected: true })).exitCode).toBe(0);
  expect(provider.mutations).toEqual(["delete free"]);
});

test("a provider that is configured from what is deleted first stays, and so does what it serves", async () => {
  const program = (kind: string): string => `
    const pulumi = require("@pulumi/pulumi");
    const Thing = class extends pulumi.CustomResource {
      constructor(name, args, options) { super("demo:index:Thing", name, { ...args, made: undefined }, options); }
    };
    const a = new Thing("a", { kind: ${JSON.stringify(kind)} }, { deleteBeforeReplace: true });
    const p = new pulumi.ProviderResource("demo", "p", { token: a.id });
    new Thing("b", { value: 1 }, { provider: p });`;
  project.program(program("old"));
  await project.run("up");
  provider.calls.length = 0;
  project.program(program("new"));
  expect((await project.run("up")).exitCode).toBe(0);
  expect(provider.mutations).toEqual(["delete a", "create a"]);
});
