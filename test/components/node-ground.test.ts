import { neededTools } from "../../components/node-ground";
import { loadCluster } from "../../config/load";
import { toolFiles } from "../../recipes/tools";

function needed(...lines: string[]): readonly string[] {
  const text = ["cluster: c", "hosts: [{name: node-1, address: 10.0.0.1}]", "slots: 8", ...lines].join("\n");
  return neededTools(loadCluster("c.yaml", { readFile: () => text }));
}

const image = "image: {reference: app:1, swift: 3.7.1}";

test("tools go to the hosts only where something runs them", () => {
  expect(needed(image)).toEqual([]);
  expect(needed(image, "python: {packages: [swanlab]}")).toEqual(["requirements.py"]);
  expect(needed("runtime: host", "python: {environment: {kind: venv, path: /e, swift: 3.7.1}}")).toEqual([
    "requirements.py",
  ]);
  expect(needed(image, "pipeline: {model: {path: /m}, export: {output: /o, checkpoint: /c}}")).toEqual(toolFiles);
});
