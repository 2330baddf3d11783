import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1, failOn: "delete" });
 new Thing("b", { value: a.id });
 const p = new Thing("p", { value: 1 }, { protect: true });
 new Thing("q", { value: 1 }, { dependsOn: p, protect: true });
 return { a: a.id, gone: 1 };
};
