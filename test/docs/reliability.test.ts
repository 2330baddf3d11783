import { readPage, reliabilityPage, resultsOf } from "../faults/page";
import { faults } from "../faults/table";

test("docs/reliability.md is what the table of faults says, and each row came out so", () => {
  const page = readPage();
  const results = resultsOf(page);
  expect(page).toBe(reliabilityPage(faults, results));
  expect([...results.values()].filter(result => !/^as written, \d+ s$/.test(result))).toEqual([]);
});

test("each fault has a name of its own, and a simulated one says so", () => {
  expect(new Set(faults.map(({ fault }) => fault)).size).toBe(faults.length);
  expect(faults.length).toBeGreaterThanOrEqual(30);
  for (const { fault, injected } of faults) {
    if (/faketime/.test(injected)) expect(fault).toContain("simulated");
  }
});
