import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
const settled = (r: any) => new Promise<void>(ok => r.urn.apply(() => ok()));
export = async () => {
    const second = new Thing("second", { value: 1 }, { aliases: [{ name: "other" }], ignoreChanges: ["value"] });
    await settled(second);
    const other = new Thing("other", { value: 1 });
    await settled(other);
};
