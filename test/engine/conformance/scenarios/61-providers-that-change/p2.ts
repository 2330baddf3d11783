import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1, force: 2, dbr: true });
 const p = new Provider("p2", { greeting: a.id }, { version: "0.1.0", aliases: [{ name: "p" }] } as any);
 new Group("g", (self) => { const x = new Thing("x", { value: 1 }, { parent: self }); new Group("gg", (s2) => { new Thing("deep", { value: x.id, force: 1 }, { parent: s2 }); }, { parent: self }); }, { providers: { probe: p } });
 new Thing("other", { value: 1 });
};
