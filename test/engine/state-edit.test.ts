import { bareState } from "../../engine/resource";
import { unprotected, withoutResources } from "../../engine/state-edit";

const a = { ...bareState("a", "t", true), protect: true };
const b = { ...bareState("b", "t", true), dependencies: ["a"] };
const c = { ...bareState("c", "t", true), parent: "b", protect: true };
const all = [a, b, c];
const names = (states: readonly { urn: string }[]): string[] => states.map(({ urn }) => urn);

test("protection is taken off the named ones, or all", () => {
  const one = unprotected(all, ["a"]);
  expect(one.result).toBe(1);
  expect(one.resources.map(({ protect }) => protect ?? false)).toEqual([false, false, true]);
  expect(unprotected(all, undefined).resources.some(({ protect }) => protect)).toBe(false);
  expect(() => unprotected(all, ["x", "y"])).toThrow(/'x'[\s\S]*'y'/);
});

test("a resource is forgotten only if nothing needs it and nothing protects it, or if that is asked for", () => {
  expect(() => withoutResources(all, ["b"], { force: false, dependents: false })).toThrow(/depend on it:\n \* c\n/);
  expect(() => withoutResources(all, ["b"], { force: false, dependents: true })).toThrow(/^c can't be safely deleted/);
  expect(names(withoutResources(all, ["b"], { force: true, dependents: true }).resources)).toEqual(["a"]);
  expect(withoutResources([b], ["b"], { force: false, dependents: false })).toEqual({ resources: [], result: 1 });
});
