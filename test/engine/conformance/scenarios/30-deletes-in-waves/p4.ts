import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
const settled = (r: any) => new Promise<void>(ok => r.urn.apply(() => ok()));
export = async () => {
    const a = new Thing("a", { value: 1, force: "f2" }, { deleteBeforeReplace: true }); await settled(a);
    return { added: a.version };
};
