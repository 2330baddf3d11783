import { decide } from "../../engine/planner/decide";
import { dependentsOf, orderDeletes } from "../../engine/planner/delete-order";
import { NO_DIFF } from "../../engine/planner/diff";
import { parseTimeout } from "../../engine/planner/goal";
import { keepOldValues, parsePath } from "../../engine/planner/property-path";
import { deleteStep } from "../../engine/planner/step";
import { bareState } from "../../engine/resource";

const question = {
  old: bareState("a", "t", true),
  diff: NO_DIFF,
  deleteBeforeReplace: undefined,
  forced: false,
  providerReplaced: false,
  containerReplaced: false,
};

test("nothing changed: same; but what never got ready is updated", () => {
  expect(decide(question).kind).toBe("same");
  expect(decide({ ...question, old: { ...question.old, initErrors: ["not ready"] } }).kind).toBe("update");
});

test("a replacing key replaces; the program's word on the order wins over the provider's", () => {
  const diff = { ...NO_DIFF, changes: "some" as const, replaceKeys: ["kind"], deleteBeforeReplace: true };
  expect(decide({ ...question, diff })).toMatchObject({ kind: "replace", keys: ["kind"], deleteFirst: true });
  expect(decide({ ...question, diff, deleteBeforeReplace: false })).toMatchObject({ deleteFirst: false });
});

test("deletes wait for what depends on them", () => {
  const a = bareState("a", "t", true);
  const b = { ...bareState("b", "t", true), dependencies: ["a"] };
  const c = { ...bareState("c", "t", true), parent: "b" };
  const context = { goingToo: new Set<string>() };
  const ordered = orderDeletes([a, b, c].map(state => deleteStep(state, context)));
  expect(ordered.map(({ step, after }) => [step.urn, after.map(other => other.urn)])).toEqual([
    ["c", []],
    ["b", ["c"]],
    ["a", ["b"]],
  ]);
  expect(dependentsOf(new Set(["a"]), [a, b, c]).map(state => state.urn)).toEqual(["b", "c"]);
});

test("ignoreChanges puts old values back, and takes away what was not there", () => {
  const news = { a: { x: 1, y: 2 }, list: [1, 2], added: true };
  const olds = { a: { x: 9 }, list: [7, 8] };
  expect(keepOldValues(news, olds, ["a.x", "list[1]", "added"])).toEqual({ a: { x: 9, y: 2 }, list: [1, 8] });
});

test("paths and durations", () => {
  expect(parsePath('a.b[0]["odd.key"][*]')).toEqual(["a", "b", 0, "odd.key", "*"]);
  expect(parseTimeout("1h30m")).toBe(5400);
  expect(() => parseTimeout("nonsense")).toThrow("unable to parse customTimeout Value nonsense");
});
