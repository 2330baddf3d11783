import { createHash } from "node:crypto";
import fc from "fast-check";
import { checkDataset, checkDatasetBytes, formatDatasetReport } from "../../recipes/data/check";
import { checkRow } from "../../recipes/data/row";
import { expectGolden } from "../support/golden";

const tools = JSON.stringify([
  {
    type: "function",
    function: { name: "realtime_aqi", description: "air quality", parameters: { type: "object", properties: {} } },
  },
]);
const call = (name = "realtime_aqi") => ({
  role: "tool_call",
  content: JSON.stringify({ name, arguments: { city: "北京" } }),
});
const answer = { role: "tool_response", content: '{"aqi": "10"}' };
const user = { role: "user", content: "北京今天的天气" };
const assistant = { role: "assistant", content: "很好" };
const row = (messages: unknown, more: object = { tools }): string => JSON.stringify({ ...more, messages });

/** The row of the notes: two calls at once, two answers, a reply. */
const notes = row([user, call(), call(), answer, answer, assistant]);

const good: Readonly<Record<string, string>> = {
  "the row of the notes": notes,
  "plain talk": row([user, assistant], {}),
  "system first": row([{ role: "system", content: "be short" }, user, assistant], {}),
  "first of assistant": row([assistant], {}),
  "a call last": row([user, call()]),
  "neighbours of one role": row([user, user, assistant, assistant], {}),
  "names of others": JSON.stringify({
    conversations: [
      { from: "human", value: "hi" },
      { from: "gpt", value: "hello" },
    ],
  }),
  "arguments as text": row([
    user,
    { role: "tool_call", content: '{"name":"realtime_aqi","arguments":"{}"}' },
    answer,
    assistant,
  ]),
};

const bad: Readonly<Record<string, string>> = {
  "not JSON": '{"messages": [',
  "not an object": "[1]",
  "no messages": "{}",
  "empty messages": row([]),
  "unknown role": row([{ role: "sytem", content: "x" }, user, assistant]),
  "no content": row([user, { role: "assistant", content: null }]),
  "system in the middle": row([user, { role: "system", content: "x" }, assistant]),
  "answer without call": row([user, answer, assistant]),
  "user right after an answer": row([user, call(), answer, user, assistant]),
  "nothing to learn": row([user], {}),
  "tools as a list": row([user, call(), answer, assistant], { tools: JSON.parse(tools) }),
  "tools as Python text": row([user, assistant], { tools: "[{'type': 'function'}]" }),
  "tool without name": row([user, assistant], { tools: '[{"type":"function","function":{}}]' }),
  "one name twice": row([user, assistant], { tools: `[${tools.slice(1, -1)},${tools.slice(1, -1)}]` }),
  "a call that is no JSON": row([user, { role: "tool_call", content: "realtime_aqi(北京)" }, answer, assistant]),
  "a call of a strange tool": row([user, call("other"), answer, assistant]),
  "a call without tools": row([user, call(), answer, assistant], {}),
  "an answer that is no JSON": row([user, call(), { role: "tool", content: "sunny" }, assistant]),
};

test.each(Object.entries(good))("good: %s", (_name, text) => {
  expect(checkRow(text).faults).toEqual([]);
});

test("each bad row has a reason and a remedy", async () => {
  expect(Object.entries(bad).filter(([, text]) => checkRow(text).faults.every(f => f.severity !== "error"))).toEqual(
    [],
  );
  const told = await Promise.all(
    Object.entries(bad).map(
      async ([name, text]) => `## ${name}\n${formatDatasetReport("tools.jsonl", await checkDataset([text]))}`,
    ),
  );
  expectGolden("recipes/bad-rows.txt", told.join("\n"));
});

test("counts, and shows the first twenty", async () => {
  const report = await checkDataset([notes, "", ...Array.from({ length: 30 }, (_, i) => `{"messages": ${i}}`)]);
  expect(report).toMatchObject({ rows: 31, badRows: 30, errorCount: 30, rowsWithTools: 1 });
  expect(report.errors).toHaveLength(20);
  expect(report.errors[0]?.line).toBe(3);
  expect(report.roles).toEqual({ user: 1, tool_call: 2, tool: 2, assistant: 1 });
  expect(formatDatasetReport("f", report)).toContain("… and 10 more");
});

test("a file written twice is noticed, an empty one refused, answers are counted", async () => {
  expect((await checkDataset([notes, notes])).warnings[0]).toMatchObject({ line: 2, reason: "the same as line 1" });
  expect((await checkDataset([])).errors[0]?.reason).toBe("there are no rows");
  const uneven = await checkDataset([row([user, call(), call(), answer, assistant])]);
  expect(uneven.warnings[0]?.reason).toBe("1 answers to 2 calls");
});

test("bytes in any pieces give the same lines and the file's sha256", async () => {
  const bytes = Buffer.from(`${notes}\n${row([user, assistant], {})}`);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), async sizes => {
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          yield bytes.subarray(at, at + size);
          at += size;
        }
      }
      const report = await checkDatasetBytes(pieces());
      expect(report).toMatchObject({ rows: 2, badRows: 0, sha256: createHash("sha256").update(bytes).digest("hex") });
    }),
    { numRuns: 30 },
  );
});

test("no text makes the check throw", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => checkRow(text).faults.every(f => f.remedy !== "")));
});
