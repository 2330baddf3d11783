import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1 });
 const k = new Thing("k", { value: 1 }, { aliases: [{ type: "my:x:Comp" }] });
 new Thing("k3", { value: 1 }, { aliases: [{ name: "k", type: "my:x:Comp" }], dependsOn: k });
};
