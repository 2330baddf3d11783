import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const m = new Thing("m", { value: 1 });
 new Thing("m", { value: 1 }, { dependsOn: m });
};
