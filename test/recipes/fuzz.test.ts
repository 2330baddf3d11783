import fc from "fast-check";
import { loadCluster } from "../../config/load";
import { ConfigErrors } from "../../config/problem";
import { randomClusterFile } from "../support/random-cluster";
import { renderAll } from "../support/rendered";

const tries = 5000;
const file = "cluster.yaml";

test("random settings never throw: each is refused with a path, or rendered", () => {
  const count = { refused: 0, rendered: 0 };
  fc.assert(
    fc.property(randomClusterFile(), settings => {
      let cluster: ReturnType<typeof loadCluster>;
      try {
        cluster = loadCluster(file, { readFile: () => JSON.stringify(settings) });
      } catch (error) {
        if (!(error instanceof ConfigErrors)) throw error;
        count.refused++;
        expect(error.problems.length).toBeGreaterThan(0);
        for (const problem of error.problems) {
          // Of another file that cannot be read, its name is the place.
          if (problem.file === file) expect(problem.path).toMatch(/^[a-zA-Z]/);
          expect([problem.found, problem.expected].join("")).not.toMatch(/\b(undefined|NaN|\[object)/);
        }
        return;
      }
      const { commands } = renderAll(cluster);
      count.rendered++;
      for (const { argv, env } of commands) {
        for (const word of [...argv, ...Object.values(env)]) expect(word).toEqual(expect.any(String));
        expect(argv).not.toContain("undefined");
      }
    }),
    { numRuns: tries, seed: 1 },
  );
  // Both ends of it are met often enough to mean something.
  expect(count.refused).toBeGreaterThan(tries / 10);
  expect(count.rendered).toBeGreaterThan(tries / 50);
});
