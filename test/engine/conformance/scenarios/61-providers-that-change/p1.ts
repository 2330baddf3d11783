import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1 });
 const p = new Provider("p", { greeting: a.id }, { version: "0.1.0" } as any);
 new Group("g", (self) => { const x = new Thing("x", { value: 1 }, { parent: self }); new Group("gg", (s2) => { new Thing("deep", { value: x.id }, { parent: s2 }); }, { parent: self }); }, { providers: { probe: p } });
 new Thing("other", { value: 1 }, { version: "0.1.0" });
};
