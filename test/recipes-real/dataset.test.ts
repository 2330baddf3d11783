import { checkRow } from "../../recipes/data/row";
import { rows } from "./dataset-rows";
import { PythonProcess } from "./python-process";

interface Encoded {
  readonly rows: number;
  readonly learned: number;
  readonly text: string;
}

const names = Object.keys(rows);
let encoded: ReadonlyMap<string, Encoded>;

beforeAll(async () => {
  const swift = new PythonProcess("encode-rows.py", "3.7.1", ["/opt/seed/models/tiny", "hermes"]);
  expect(await swift.next()).toEqual({ version: "3.7.1" });
  const answers = await swift.ask<Encoded>(names.map(name => ({ row: rows[name]?.text })));
  await swift.close();
  encoded = new Map(names.map((name, index) => [name, answers[index] as Encoded]));
});

/** Whether the real ms-swift learns something of a row. */
function isLearned(name: string): boolean {
  const found = encoded.get(name);
  return found !== undefined && found.rows === 1 && found.learned > 0;
}

function isError(text: string): boolean {
  return checkRow(text).faults.some(fault => fault.severity === "error");
}

test("there are enough rows of both sorts", () => {
  expect(names.length).toBeGreaterThanOrEqual(60);
  expect(names.filter(isLearned).length).toBeGreaterThan(30);
  expect(names.filter(name => !isLearned(name)).length).toBeGreaterThan(20);
});

test.each(names)("%s: the check says what ms-swift does", name => {
  const { text, stricter } = rows[name] ?? { text: "" };
  if (stricter !== undefined) expect([isError(text), isLearned(name)]).toEqual([true, true]);
  else
    expect({ isError: isError(text), ...encoded.get(name) }).toEqual({
      isError: !isLearned(name),
      ...encoded.get(name),
    });
});
