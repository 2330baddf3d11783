import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { type CheckOptions, checkDataset } from "../../recipes/data/check";
import { formatOf, purposes } from "../../recipes/data/format";
import { formatDatasetReport } from "../../recipes/data/report";
import { type DatasetReport, datasetReport } from "../../recipes/data/report-schema";
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

const checked = (lines: readonly string[], options?: CheckOptions): Promise<DatasetReport> =>
  checkDataset([Buffer.from(lines.join("\n"))], options);

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
  "ShareGPT's pairs": JSON.stringify({ conversations: [{ human: "hi", gpt: "hello" }], system: "be short" }),
  "question and answer": JSON.stringify({ question: "hi", answer: "hello" }),
  "Alpaca's columns": JSON.stringify({ instruction: "say hi", input: "", output: "hi" }),
  "with the talk before": JSON.stringify({ history: [["a", "b"]], query: "c", response: "d" }),
  "column in capitals": JSON.stringify({ Prompt: "hi", RESPONSE: "hello" }),
  "a column of system": row([user, assistant], { system: "be short" }),
  "a pair for DPO": row([user, assistant], { rejected_response: "no idea" }),
  "a picture": row([{ role: "user", content: "<image>what is it" }, assistant], { images: ["a.png"] }),
  "a picture in OpenAI's column": row([{ role: "user", content: "<image>?" }, assistant], { image: "a.png" }),
  "hyphens in roles": row([
    user,
    { ...call(), role: "function-call" },
    { ...answer, role: "function-response" },
    assistant,
  ]),
  "calls that follow words": row([user, assistant, call(), answer, assistant]),
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
  "no reply": row([user], {}),
  "tools as a list": row([user, call(), answer, assistant], { tools: JSON.parse(tools) }),
  "tools as Python text": row([user, assistant], { tools: "[{'type': 'function'}]" }),
  "tool without name": row([user, assistant], { tools: '[{"type":"function","function":{}}]' }),
  "one name twice": row([user, assistant], { tools: `[${tools.slice(1, -1)},${tools.slice(1, -1)}]` }),
  "a call that is no JSON": row([user, { role: "tool_call", content: "realtime_aqi(北京)" }, answer, assistant]),
  "a call of a strange tool": row([user, call("other"), answer, assistant]),
  "a call without tools": row([user, call(), answer, assistant], {}),
  "an answer that is no JSON": row([user, call(), { role: "tool", content: "sunny" }, assistant]),
  "calls as OpenAI writes them": row([
    user,
    { role: "assistant", content: "", tool_calls: [{ id: "1", function: { name: "realtime_aqi", arguments: "{}" } }] },
    answer,
    assistant,
  ]),
  "content as a list": row([{ role: "user", content: [{ type: "text", text: "hi" }] }, assistant], {}),
  "two columns for the answer": JSON.stringify({ query: "hi", answer: "a", output: "b" }),
  "two columns of messages": JSON.stringify({ conversation: [user, assistant], conversations: [user, assistant] }),
  "a pair without a difference": row([user, assistant], { rejected_response: assistant.content }),
  "a pair with null": row([user, assistant], { rejected_response: null }),
  "more tags than pictures": row([{ role: "user", content: "<image><image>" }, assistant], { images: ["a.png"] }),
  "a number as role": row([{ role: 1, content: "x" }]),
  "pairs with a hole": JSON.stringify({ conversations: [{ human: "hi" }] }),
  "half a character": row([{ role: "user", content: "\ud83d" }, assistant], {}),
  "a key twice": `{"messages":[{"role":"user","content":"q"}],"messages":[{"role":"user","content":"\\"role\\":1","c\\u006fntent":"x"},${JSON.stringify(assistant)}]}`,
  "an empty last reply": row([user, { role: "assistant", content: "" }], {}),
};

test.each(Object.entries(good))("good: %s", (_name, text) => {
  expect(checkRow(text).faults).toEqual([]);
});

test("each bad row has a reason and a remedy", async () => {
  const passed = Object.entries(bad).filter(([, text]) => checkRow(text).faults.every(f => f.severity !== "error"));
  expect(passed).toEqual([]);
  const told = await Promise.all(
    Object.entries(bad).map(async ([name, text]) => {
      const report = await checked([text]);
      const faults = [...report.errors, ...report.warnings].map(
        fault => `line ${fault.line}: ${fault.field}: ${fault.severity}: ${fault.reason}\n  remedy: ${fault.remedy}`,
      );
      return `## ${name}\n${faults.join("\n")}\n`;
    }),
  );
  expectGolden("recipes/bad-rows.txt", told.join("\n"));
});

test("counts, shows the first twenty, and tells all by kind", async () => {
  const lines = [notes, "", ...Array.from({ length: 30 }, (_, i) => `{"messages": ${i}}`)];
  const report = await checked(lines);
  expect(report).toMatchObject({ rows: 31, badRows: 30, rowsWithTools: 1, calls: { realtime_aqi: 2 } });
  expect(report.errors).toHaveLength(20);
  expect(report.errors[0]?.line).toBe(3);
  expect(report.roles).toEqual({ user: 1, tool_call: 2, tool: 2, assistant: 1 });
  expect(report.faults[0]).toMatchObject({ rows: 30, firstLine: 3, field: "messages" });
  expect(report.kinds).toEqual({ sft: 31 });
  expectGolden("recipes/data-report.txt", formatDatasetReport("tools.jsonl", report));
});

test("a file written twice is noticed, an empty one refused, answers are counted", async () => {
  const twice = await checked([notes, notes]);
  expect(twice.warnings[0]).toMatchObject({ line: 2, reason: "the same as line 1" });
  expect(twice.repeats).toEqual({ rows: 1, among: "all" });
  expect((await checked([])).errors[0]?.reason).toBe("there are no rows");
  const uneven = await checked([row([user, call(), call(), answer, assistant])]);
  expect(uneven.warnings[0]?.reason).toBe("1 answer to 2 calls");
  const unanswered = await checked([row([user, call(), assistant])]);
  expect(unanswered.warnings[0]?.reason).toBe("0 answers to 1 call");
});

test("what the rows must have in common", async () => {
  const reasons = async (...lines: string[]) => (await checked(lines)).errors.map(fault => [fault.line, fault.reason]);
  const talk = row([user, assistant], {});
  expect(await reasons(row([user, assistant], { id: 1 }), row([user, assistant], { id: "1" }))).toEqual([
    [2, "a text, where line 1 has a number: the loader refuses the whole file"],
  ]);
  expect(await reasons(talk, JSON.stringify({ query: "a", response: "b" }))).toEqual([
    [2, "1 row is written as query and response, but the file is read as messages: they are deleted"],
  ]);
  expect(await reasons(talk, row([user, assistant], { rejected_response: "no" }))).toEqual([
    [1, "1 row has no rejected reply, but line 2 has one: they are deleted"],
  ]);
});

test("a mark in front, bytes that are no text, a line without an end", async () => {
  const talk = row([user, assistant], {});
  expect((await checked([`\uFEFF${talk}`])).errors).toEqual([]);
  const report = await checkDataset([
    Buffer.from(`${talk}\n`),
    Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
    Buffer.from(talk),
  ]);
  expect(report.errors).toMatchObject([{ line: 2, reason: "not UTF-8" }]);
  expect(report).toMatchObject({ rows: 3, badRows: 1 });
});

test("each kind of training wants something of its own", () => {
  const errors = (text: string, purpose: (typeof purposes)[number]) =>
    checkRow(text, formatOf({ purpose }))
      .faults.filter(fault => fault.severity === "error")
      .map(fault => fault.field);
  expect(errors(row([user], {}), "grpo")).toEqual([]);
  expect(errors(row([user], {}), "sft")).toEqual(["messages[0]"]);
  expect(errors(row([user, assistant], {}), "dpo")).toEqual(["rejected_response"]);
  expect(errors(row([user, assistant], {}), "kto")).toEqual(["label"]);
  expect(errors(row([user, assistant], { label: true }), "kto")).toEqual([]);
});

test("what newer versions take, and what only the strict format asks for", () => {
  const errors = (text: string, options: Parameters<typeof formatOf>[0]) =>
    checkRow(text, formatOf(options)).faults.filter(fault => fault.severity === "error").length;
  const openAi = bad["calls as OpenAI writes them"] ?? "";
  expect(["3.7.1", "4.4.0", "4.5.0"].map(version => errors(openAi, { version }))).toEqual([1, 1, 0]);
  const asList = bad["tools as a list"] ?? "";
  expect(["3.7.1", "4.5.2", "4.6.0"].map(version => errors(asList, { version }))).toEqual([1, 1, 0]);
  const words = bad["an answer that is no JSON"] ?? "";
  expect([true, false].map(strict => errors(words, { strict }))).toEqual([1, 0]);
});

test("lengths: percentiles within two percent, and rows above maxLength by the estimate", async () => {
  const long = (length: number) => row([{ role: "user", content: "a".repeat(length) }, assistant], {});
  const report = await checked(
    Array.from({ length: 1000 }, (_, i) => long((i + 1) * 10)),
    { maxLength: 1000 },
  );
  const { characters, tokens } = report;
  expect(characters).toMatchObject({ least: 12, most: 10002, longestLine: 1000 });
  for (const [name, exact] of [
    ["median", 5002],
    ["p90", 9002],
    ["p99", 9902],
  ] as const) {
    expect(characters?.[name]).toBeGreaterThanOrEqual(exact * 0.98);
    expect(characters?.[name]).toBeLessThanOrEqual(exact * 1.02);
  }
  // A letter is a sixth of a token, a message four more, and the reply two characters of two thirds each.
  expect(tokens).toMatchObject({
    rule: "scripts",
    above: { maxLength: 1000, rows: 1000 - Math.floor((990 * 6) / 10) },
  });
});

test("a .json file is a list of rows, or lines; a .txt file a text a line", async () => {
  const talk = row([user, assistant], {});
  const list = `[\n  ${talk},\n  ${row([{ role: "sytem", content: '],{\\"' }])}\n]\n`;
  const report = await checkDataset([Buffer.from(list)], { container: "json" });
  expect(report).toMatchObject({ rows: 2, badRows: 1 });
  expect(report.errors).toMatchObject([{ line: 3, reason: 'role "sytem"' }]);
  expect(await checkDataset([Buffer.from(`${talk}\n`)], { container: "json" })).toMatchObject({ rows: 1, badRows: 0 });
  const cut = await checkDataset([Buffer.from(list.slice(0, -4))], { container: "json" });
  expect(cut.errors.at(-1)?.reason).toMatch(/cut off/);
  const more = await checkDataset([Buffer.from(`${list.trim()}{}`)], { container: "json" });
  expect(more.errors.at(-1)).toMatchObject({ line: 4, reason: "something stands behind the list" });
  expect(await checkDataset([Buffer.from("one\ntwo\n")], { container: "text" })).toMatchObject({
    rows: 2,
    badRows: 0,
    kinds: { pretraining: 2 },
  });
});

test("bytes in any pieces give the same rows and the file's sha256, as lines and as a list", async () => {
  const talk = row([user, assistant], {});
  const files = { lines: Buffer.from(`${notes}\n${talk}`), json: Buffer.from(` [${notes}\n,\n${talk}]\n`) };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("lines" as const, "json" as const),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
      async (container, sizes) => {
        const bytes = files[container];
        function* pieces(): Generator<Uint8Array> {
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            yield bytes.subarray(at, at + size);
            at += size;
          }
        }
        const report = await checkDataset(pieces(), { container });
        const sha256 = createHash("sha256").update(bytes).digest("hex");
        expect(report).toMatchObject({ rows: 2, badRows: 0, bytes: bytes.length, sha256 });
      },
    ),
    { numRuns: 60 },
  );
});

/** Values in the shape of rows, and near it. */
const rowLike = fc.letrec(tie => ({
  leaf: fc.oneof(
    fc.string(),
    fc.constant(null),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom("user", "tool_call", '{"name": 1}'),
  ),
  list: fc.array(tie("any"), { maxLength: 4 }),
  map: fc.dictionary(
    fc.constantFrom(
      "messages",
      "conversations",
      "role",
      "from",
      "content",
      "value",
      "tools",
      "function",
      "name",
      "history",
      "query",
      "answer",
      "output",
      "instruction",
      "input",
      "images",
      "rejected_response",
      "rejected_messages",
      "label",
      "tool_calls",
      "arguments",
      "system",
      "__proto__",
      "constructor",
    ),
    tie("any"),
    { maxKeys: 6 },
  ),
  any: fc.oneof({ maxDepth: 5 }, tie("leaf"), tie("list"), tie("map")),
})).any;

const formats = fc.record({
  version: fc.constantFrom("3.7.1", "4.5.0", "4.6.0"),
  purpose: fc.constantFrom(...purposes),
  strict: fc.boolean(),
});

test("no value makes the check of a row throw", () => {
  fc.assert(
    fc.property(fc.oneof(rowLike, fc.jsonValue()), formats, (value, options) => {
      const { faults } = checkRow(JSON.stringify(value), formatOf(options));
      expect(faults.filter(fault => fault.remedy === "" || fault.reason === "")).toEqual([]);
    }),
    { numRuns: 2000 },
  );
  const deep = 100_000;
  const nested = `${"[".repeat(deep)}${"]".repeat(deep)}`;
  expect(
    checkRow(`{"messages": [{"role": "user", "content": ${nested}}], "rejected_messages": ${nested}}`).faults,
  ).not.toEqual([]);
});

test("no bytes make the check of a file throw, and its report keeps its schema", async () => {
  const piece = fc.oneof(
    fc.uint8Array(),
    fc
      .oneof(
        fc.json(),
        rowLike.map(value => JSON.stringify(value)),
        fc.constantFrom("\n", "[", "]", ",", "\uFEFF"),
      )
      .map(text => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece),
      formats,
      fc.constantFrom("lines", "json", "text"),
      async (pieces, options, container) => {
        const report = await checkDataset(pieces, { format: formatOf(options), container, maxLength: 10 });
        datasetReport.parse(report);
        formatDatasetReport("any", report);
      },
    ),
    { numRuns: 300 },
  );
});

test("memory does not grow with the rows", async () => {
  // Letters, because numbers are not told apart in the kinds of faults; long, so that what is kept shows.
  const letters = (i: number): string => [...i.toString(8)].map(digit => "abcdefgh"[Number(digit)]).join("");
  const name = (i: number): string => `${letters(i)}_${"x".repeat(50)}`;
  const faulty = (i: number): string =>
    JSON.stringify({
      [`${name(i)}${"x".repeat(200)}`]: i,
      messages: [
        { role: "user", content: `question ${i}` },
        { role: name(i), content: "x" },
      ],
      tools: `tool ${i}`,
    });
  function* rows(count: number): Generator<Uint8Array> {
    // Every row is new, in all that a check might remember: its text, its columns, its faults, the tools that it calls.
    for (let i = 0; i < count; i += 100) {
      const some = Array.from({ length: 100 }, (_, k) =>
        k % 2 === 0 ? faulty(i + k) : row([user, call(name(i + k))]),
      );
      yield Buffer.from(`${some.join("\n")}\n`);
    }
  }
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const grown = async (count: number): Promise<number> => {
    const held = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = held();
    let most = 0;
    let seen = 0;
    await checkDataset(rows(count), {
      onProgress: ({ rows: done }) => {
        if (done - seen < 5_000) return;
        seen = done;
        most = Math.max(most, held() - before);
      },
    });
    return most;
  };
  await grown(5_000);
  const [few, many] = [await grown(5_000), await grown(30_000)];
  expect(many - few).toBeLessThan(2 * 1024 * 1024);
}, 60_000);
