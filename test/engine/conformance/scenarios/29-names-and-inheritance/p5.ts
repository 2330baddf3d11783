import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
const settled = (r: any) => new Promise<void>(ok => r.urn.apply(() => ok()));
export = async () => {
    const a = new Thing("a", { failOn: "check" });
    await settled(a);
    const late = new Thing("late", { value: 1 });
};
