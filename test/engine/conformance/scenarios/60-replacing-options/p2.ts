import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1, force: "x" });
 const b = new Thing("b", { value: 1 }, { replaceWith: [a] });
 new Thing("c", { value: b.id }, { deletedWith: b });
 new Thing("d", { value: 1 }, { deletedWith: b, parent: a });
 new Thing("h", { value: { x: 2, y: 3 } }, { hideDiffs: ["value.x"] });
 new Thing("t", { value: 1 }, { replacementTrigger: "two" });
 new Thing("u", { value: 1 }, { replacementTrigger: a.id });
};
