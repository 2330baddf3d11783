import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1, force: 3, dbr: true });
 const p = new Provider("p2", { greeting: a.id });
 new Thing("other", { value: 1 }, { pluginDownloadURL: "https://example.com/x" });
};
