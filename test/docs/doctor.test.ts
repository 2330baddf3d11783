import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** Where findings over hosts are made. */
const sources = [
  ...readdirSync(path.join(root, "plan"), { recursive: true, encoding: "utf8" }).map(file => `plan/${file}`),
  "components/gpu-findings.ts",
  "components/model-findings.ts",
  "cli/survey-findings.ts",
].filter(file => file.endsWith(".ts"));

/** A code stands behind `code:`, alone or as a choice of two, or is the first argument of a function that makes findings of one kind. */
const CODE = /code: (?:[^,\n]*\? )?"([a-z-]+)"(?: : "([a-z-]+)")?|\b(?:contradiction|differ)\(\s*"([a-z-]+)"/g;

test("docs/doctor.md has every finding's code with its remedy, and no other", () => {
  const made = sources.flatMap(file =>
    [...read(file).matchAll(CODE)].flatMap(([, ...codes]) => codes.filter(code => code !== undefined)),
  );
  const rows = [...read("docs/doctor.md").matchAll(/^\| `([a-z-]+)` \| (.+) \| (.+) \|$/gm)];
  expect(made.length).toBeGreaterThan(40);
  expect(rows.map(([, code]) => code)).toEqual([...new Set(made)].sort());
});
