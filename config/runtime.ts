import { resolvedVersions } from "../recipes/environment/resolve";
import type { Problem } from "./problem";
import type { Cluster, ClusterFile } from "./schema";
import type { EnvironmentSettings } from "./schema/environment";
import { problemAt, type Source } from "./source";

/** Where the jobs run, and in what: exactly one of an image and an environment. */
export function runtimeProblems(file: ClusterFile, source: Source): Problem[] {
  const { runtime, image, python } = file;
  const isHost = runtime === "host";
  const problem = (path: string[], found: string, expected: string, remedy: string): Problem =>
    problemAt(source, path, { found, expected, remedy });
  const remedy = "add python.environment: {kind: venv, path: /opt/muster-env/swift, swift: 3.7.1}";
  return [
    ...(isHost && !python.environment
      ? [problem(["runtime"], "runtime: host without python.environment", "the environment that jobs run in", remedy)]
      : []),
    ...(isHost && image
      ? [problem(["image"], "image with runtime: host", "no image: nothing runs in a container", "remove image")]
      : []),
    ...(!isHost && !image ? [problem(["image"], "nothing", "the image that every node runs", "add image")] : []),
    ...(!isHost && python.environment
      ? [
          problem(
            ["python", "environment"],
            "python.environment with runtime: container",
            "the image's own Python",
            "remove it, or write runtime: host",
          ),
        ]
      : []),
  ];
}

/** What stands for the image where jobs run on the hosts: the versions of the environment. */
export function imageOf(file: ClusterFile): Cluster["image"] {
  if (file.image) return file.image;
  const { environment } = file.python;
  if (!environment) throw new Error("neither image nor python.environment");
  const { vllm } = resolvedVersions(environment);
  return {
    reference: environmentReference(environment),
    pull: false,
    swift: environment.swift,
    ...(vllm !== undefined && { vllm }),
  };
}

/** Like an image's name: equal texts are equal environments. */
function environmentReference(environment: EnvironmentSettings): string {
  const versions = Object.entries(resolvedVersions(environment)).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `${environment.kind}:ms-swift${environment.swift}`,
    ...versions.map(([name, version]) => `${name}${version}`),
  ].join("-");
}
