import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestProject } from "../support/test-project";
import { TestProvider } from "../support/test-provider";

const before = process.env.PULUMI_NODEJS_TRANSPILE_ONLY;
beforeAll(() => {
  // The SDK's own compiler is older than the types of Node; they are not what this is about.
  process.env.PULUMI_NODEJS_TRANSPILE_ONLY = "true";
});
afterAll(() => {
  if (before === undefined) delete process.env.PULUMI_NODEJS_TRANSPILE_ONLY;
  else process.env.PULUMI_NODEJS_TRANSPILE_ONLY = before;
});

test("a program in TypeScript runs beside a TypeScript that is no library", async () => {
  const provider = new TestProvider();
  const project = await TestProject.create(provider);
  try {
    expect(require("typescript/package.json").version).toMatch(/^([7-9]|\d\d)\./);
    rmSync(join(project.root, "index.js"));
    writeFileSync(
      join(project.root, "Pulumi.yaml"),
      "name: demo\nruntime: nodejs\nmain: index.ts\nbackend: {url: file://./state}\n",
    );
    writeFileSync(
      join(project.root, "tsconfig.json"),
      '{"compilerOptions": {"target": "es2018", "module": "commonjs"}, "files": ["index.ts"]}',
    );
    writeFileSync(
      join(project.root, "index.ts"),
      "const of = (x: number): number => x + 1;\nexport const two = of(1);\n",
    );
    const result = await project.run("up");
    expect(project.errors).toEqual([]);
    expect(result.outputs).toEqual({ two: 2 });
  } finally {
    provider.close();
    project.remove();
  }
});
