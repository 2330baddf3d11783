import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Compares a text with test/golden/NAME. `UPDATE_GOLDEN=1 ./scripts/test unit` writes the files instead; their diff is the
 * review.
 */
export function expectGolden(name: string, text: string): void {
  const file = path.join(__dirname, "..", "golden", name);
  if (process.env.UPDATE_GOLDEN === "1") {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    return;
  }
  expect(text).toBe(fs.readFileSync(file, "utf8"));
}
