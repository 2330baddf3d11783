import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const k = new Thing("k", { value: 1 }, { aliases: [{ type: "my:x:Comp" }] });
};
