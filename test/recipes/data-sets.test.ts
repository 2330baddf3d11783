import fc from "fast-check";
import { data } from "../../config/schema/data";
import { purposeOf } from "../../recipes/data/format";
import { dataArguments, dataSets, localSets } from "../../recipes/data/sets";
import { containerOf } from "../../recipes/data/source";

const parsed = (value: unknown) => data.parse(value);

test("one file is one argument, several are mixed with their counts", () => {
  expect(dataArguments(parsed({ path: "/datasets/tools.jsonl" }))).toEqual({ dataset: ["/datasets/tools.jsonl"] });
  const mixed = parsed({
    sets: [
      { file: "a.jsonl", path: "/datasets/a.jsonl", rows: 500 },
      "/datasets/b.jsonl#2000",
      "AI-ModelScope/alpaca-gpt4-data-zh:default/test#500",
      "hf::me/it",
    ],
    validation: ["/datasets/val.jsonl"],
  });
  expect(dataArguments(mixed)).toEqual({
    dataset: [
      "/datasets/a.jsonl#500",
      "/datasets/b.jsonl#2000",
      "AI-ModelScope/alpaca-gpt4-data-zh:default/test#500",
      "hf::me/it",
    ],
    val_dataset: ["/datasets/val.jsonl"],
  });
  expect(dataArguments(parsed({ path: "/d.jsonl", validationShare: 0.01 }))).toEqual({
    dataset: ["/d.jsonl"],
    split_dataset_ratio: 0.01,
  });
  expect(dataArguments(undefined)).toEqual({});
});

test("what ms-swift's syntax says of a source", () => {
  const [set] = dataSets(parsed({ sets: ["ms::me/it:a/b#7"] })).training;
  expect(set).toEqual({ name: "me/it", isPath: false, hub: "ms", subsets: ["a", "b"], rows: "7", path: ["sets", 0] });
});

test("any source comes out as it went in", () => {
  const word = fc.stringMatching(/^[a-z0-9._-]{1,8}$/);
  const source = fc
    .tuple(
      fc.constantFrom("", "hf::", "ms::"),
      fc.array(word, { minLength: 1, maxLength: 3 }).map(parts => parts.join("/")),
      fc.array(word, { maxLength: 2 }).map(parts => (parts.length > 0 ? `:${parts.join("/")}` : "")),
      fc.option(fc.nat(), { nil: undefined }).map(rows => (rows === undefined ? "" : `#${rows}`)),
    )
    .map(parts => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(source), text => expect(dataArguments(parsed({ sets: [text] })).dataset).toEqual([text])),
  );
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), text => dataArguments(parsed({ sets: [text] })).dataset?.length === 1),
  );
});

test("files of the operator's side, each place once, with the field that names them", () => {
  const both = parsed({
    file: "a.jsonl",
    path: "/data/a.jsonl",
    validation: [
      { file: "a.jsonl", path: "/data/a.jsonl" },
      { file: "v.jsonl", path: "/data/v.jsonl" },
      "/data/x.jsonl",
    ],
  });
  expect(localSets(both).map(set => [set.name, set.file, set.path.join(".")])).toEqual([
    ["/data/a.jsonl", "a.jsonl", "validation.0.file"],
    ["/data/v.jsonl", "v.jsonl", "validation.1.file"],
  ]);
});

test("a file's name decides how it is read, as in ms-swift", () => {
  expect(["a.jsonl", "a.json", "a.txt"].map(containerOf)).toEqual(["lines", "json", "text"]);
  for (const name of ["a.jsonl.gz", "a.csv", "a", "a.JSONL"]) expect(containerOf(name)).toHaveProperty("remedy");
});

test("what a tool wants of its rows", () => {
  expect(["megatron sft", "megatron pt", "swift rlhf", undefined].map(tool => purposeOf(tool))).toEqual([
    "sft",
    "pt",
    "dpo",
    "sft",
  ]);
  expect(["dpo", "orpo", "kto", "grpo", "ppo", "rm", "gkd"].map(kind => purposeOf("swift rlhf", kind))).toEqual([
    "dpo",
    "dpo",
    "kto",
    "grpo",
    "grpo",
    "rm",
    "gkd",
  ]);
});
