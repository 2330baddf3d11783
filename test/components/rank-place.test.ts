import { nodeFolders } from "../../components/node-folders";
import { placedQuestion, rankPlace } from "../../components/rank-place";
import { loadCluster } from "../../config/load";
import type { Cluster } from "../../config/schema";

function load(...lines: string[]): Cluster {
  const text = ["cluster: c", "hosts: [{name: node-1, address: 10.0.0.1}]", "slots: 8", ...lines].join("\n");
  return loadCluster("c.yaml", { readFile: () => text });
}

test("a rank in a container has what the container has", () => {
  const place = rankPlace(load("image: {reference: app:1, swift: 3.7.1}", "container: {name: ms, workdir: /work}"));
  const argv = ["python3", "/opt/muster/gather.py"];
  expect(place).toMatchObject({ container: "ms", workdir: "/work" });
  expect([place.envOf(argv), argv.map(place.word), place.sshConfig]).toEqual([{}, argv, undefined]);
});

test("a rank on a host has the activated environment, the mesh's ssh, and the tools at their place", () => {
  const environment = "{kind: conda, path: /opt/envs/swift, swift: 3.7.1, components: [megatron]}";
  const settings = load(
    "runtime: host",
    `python: {environment: ${environment}}`,
    "container: {env: {NCCL_DEBUG: INFO}}",
  );
  const place = rankPlace(settings);
  expect(place.container).toBeUndefined();
  expect(place.workdir).toBe("/var/lib/muster/c/workspace");
  expect(place.sshConfig).toBe("/var/lib/muster/c/ssh/config");
  expect(place.envOf(["megatron", "sft"])).toEqual({
    PATH: "/var/lib/muster/c/bin:/opt/envs/swift/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    CONDA_PREFIX: "/opt/envs/swift",
    CUDA_HOME: "/opt/envs/swift",
    CUDA_PATH: "/opt/envs/swift",
    CUDACXX: "/opt/envs/swift/bin/nvcc",
    CPATH: "/opt/envs/swift/include",
    LIBRARY_PATH: "/opt/envs/swift/lib64",
    NCCL_DEBUG: "INFO",
  });
  expect(["--x", "/opt/muster/gather.py", "/opt/musterx"].map(place.word)).toEqual([
    "--x",
    "/var/lib/muster/c/tools/gather.py",
    "/opt/musterx",
  ]);
  expect(place.envOf(["python3", "/opt/muster/gather.py"]).PYTHONDONTWRITEBYTECODE).toBe("1");
  const question = { host: "node-1", container: "ms", argv: ["python3", "/opt/muster/convert.py", "--ask"] };
  expect(placedQuestion(settings, question)).toEqual({
    host: "node-1",
    argv: [
      "env",
      ...Object.entries(place.envOf(question.argv)).map(([name, value]) => `${name}=${value}`),
      ...["python3", "/var/lib/muster/c/tools/convert.py", "--ask"],
    ],
  });
  const { results } = nodeFolders(settings);
  expect(results.container).toBe(results.host);
});
