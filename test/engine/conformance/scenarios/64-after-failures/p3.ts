import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1, force: "x", failOn: "update" });
 const n = new Thing("n", { value: a.version });
 new Thing("n2", { value: 1 }); return { n: n.id, a: a.id };
};
