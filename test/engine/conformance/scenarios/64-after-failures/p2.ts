import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1, force: "x" });
 new Thing("b", { value: a.id });
 return { a: a.id, fresh: 2 };
};
