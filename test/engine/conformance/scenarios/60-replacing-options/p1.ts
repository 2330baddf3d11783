import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1 });
 const b = new Thing("b", { value: 1 }, { replaceWith: [a] });
 new Thing("c", { value: b.id }, { deletedWith: b });
 new Thing("d", { value: 1 }, { deletedWith: b, parent: a });
 new Thing("h", { value: { x: 1, y: 2 } }, { hideDiffs: ["value.x"], customTimeouts: { read: "3m" } as any });
 new Thing("t", { value: 1 }, { replacementTrigger: "one" });
 new Thing("u", { value: 1 }, { replacementTrigger: { of: [1] } });
};
