import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 new Group("k", undefined, { aliases: [{ type: "probe:index:Thing" }] });
};
