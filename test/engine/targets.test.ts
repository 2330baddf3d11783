import { Dependents } from "../../engine/dependents";
import { bareState } from "../../engine/resource";
import { requiredBy, Targets, UrnPatterns } from "../../engine/targets";

const a = bareState("urn:a", "t:i:T", true);
const b = { ...bareState("urn:b", "t:i:T", true), dependencies: ["urn:a"] };
const c = { ...bareState("urn:c", "t:i:T", true), parent: "urn:b" };
const d = bareState("urn:d", "t:i:T", true);
const all = [a, b, c, d];
const taken = (targets: Targets): string[] => all.filter(state => targets.includes(state)).map(({ urn }) => urn);

test("a pattern's star stays within a part of the URN, two stars do not", () => {
  const patterns = new UrnPatterns(["urn:pulumi:dev::p::*::a", "**::b", "urn:x.y"]);
  expect(patterns.has("urn:pulumi:dev::p::Thing::a")).toBe(true);
  expect(patterns.has("urn:pulumi:dev::p::m:i:Thing::a")).toBe(false);
  expect(patterns.has("urn:pulumi:dev::p::m:i:Thing::b")).toBe(true);
  expect(patterns.has("urn:xzy")).toBe(false);
  expect(patterns.named).toEqual(["urn:x.y"]);
});

test("targets and excludes, with what depends on them if asked", () => {
  expect(taken(new Targets({}))).toEqual(["urn:a", "urn:b", "urn:c", "urn:d"]);
  expect(taken(new Targets({ targets: ["urn:a"] }))).toEqual(["urn:a"]);
  expect(taken(new Targets({ targets: ["urn:a"], targetDependents: true }))).toEqual(["urn:a", "urn:b", "urn:c"]);
  expect(taken(new Targets({ excludes: ["urn:b"] }))).toEqual(["urn:a", "urn:c", "urn:d"]);
  expect(taken(new Targets({ excludes: ["urn:b"], excludeDependents: true }))).toEqual(["urn:a", "urn:d"]);
});

test("what an excluded resource needs is not deleted either; a target takes along what can't be without it", async () => {
  const dependents = new Dependents(all, undefined as never);
  const kept = await dependents.deletable(new Targets({ excludes: ["urn:c"] }));
  expect(all.filter(kept).map(({ urn }) => urn)).toEqual(["urn:d"]);
  const doomed = await dependents.deletable(new Targets({ targets: ["urn:b"] }));
  expect(all.filter(doomed).map(({ urn }) => urn)).toEqual(["urn:b", "urn:c"]);
  expect([...requiredBy(["urn:c"], all)].sort()).toEqual(["urn:a", "urn:b", "urn:c"]);
});
