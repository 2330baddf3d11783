import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1, force: "y", dbr: true });
 const b = new Thing("b", { value: 1 }, { replaceWith: [a] });
 new Thing("c", { value: b.id }, { deletedWith: b });
 new Thing("d", { value: 1 }, { deletedWith: b, parent: a });
 new Thing("t", { value: 1 });
};
