import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { shapeOf } from "../../provider/check-inputs";
import { packages } from "../../provider/packages";
import { generatedFiles } from "../../provider/schema/generated-files";

const root = path.resolve(__dirname, "../..");

describe("generated files", () => {
  test.each(generatedFiles().map(each => [each.file, each.content] as const))("%s is up to date", (file, content) => {
    expect(readFileSync(path.join(root, file), "utf8")).toBe(content);
  });

  test("there is no class of a kind that is gone", () => {
    const generated = generatedFiles().map(each => path.basename(each.file));
    expect(readdirSync(path.join(root, "provider/muster/sdk")).filter(name => !generated.includes(name))).toEqual([]);
  });

  test.each(packages.flatMap(each => each.kinds.map(kind => [kind.token, kind] as const)))(
    "%s has a policy for each input, and no output that is an input",
    (_token, kind) => {
      const inputs = Object.keys(shapeOf(kind.inputs)).sort();
      expect(Object.keys(kind.fields).sort()).toEqual(inputs);
      expect(Object.keys(kind.outputs).filter(name => inputs.includes(name))).toEqual([]);
    },
  );
});
