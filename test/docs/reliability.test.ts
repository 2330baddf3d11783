import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { faults } from "../faults/table";
import { reliabilityPage } from "./reliability-page";

const page = resolve(__dirname, "../../docs/reliability.md");

test("docs/reliability.md is what the table of faults says", () => {
  const text = reliabilityPage(faults);
  if (process.env.UPDATE_GOLDEN) writeFileSync(page, text);
  expect(readFileSync(page, "utf8")).toBe(text);
});

test("each fault has a name of its own, and a simulated one says so", () => {
  expect(new Set(faults.map(({ fault }) => fault)).size).toBe(faults.length);
  expect(faults.length).toBeGreaterThanOrEqual(30);
  for (const { fault, injected } of faults) {
    if (/faketime/.test(injected)) expect(fault).toContain("simulated");
  }
});
