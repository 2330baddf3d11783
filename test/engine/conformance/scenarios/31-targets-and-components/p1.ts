import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
const settled = (r: any) => new Promise<void>(ok => r.urn.apply(() => ok()));
export = async () => {
    const pr = new Provider("pr", { greeting: "hi" }); await settled(pr);
    const w = new Thing("w", { value: 1 }); await settled(w);
    const n = new Thing("n", { value: w.version }); await settled(n);
    const lost = new Thing("lost", { value: n.token }); await settled(lost);
    const imp = new Thing("imp", { name: "ext", value: "cloud" }, { import: "ext-1" }); await settled(imp);
    const g = new Group("g", me => { new Thing("in", { value: 1 }, { parent: me }); }); await settled(g);
    const t = new Thing("t", { value: 1 }, { provider: pr }); await settled(t);
    return { token: n.token, id: n.id, value: n.value, got: imp.value };
};
