import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
const settled = (r: any) => new Promise<void>(ok => r.urn.apply(() => ok()));
export = async () => {
    const x = new Thing("x", { value: 1 }); await settled(x);
    const y = new Thing("y", { value: x.id }); await settled(y);
    const z = new Thing("z", { value: y.id }); await settled(z);
    const prot = new Thing("prot", { value: x.id }, { protect: true }); await settled(prot);
    const prot2 = new Thing("prot2", { value: 1 }, { protect: true }); await settled(prot2);
    const keep = new Thing("keep", { value: 1, force: "k" }); await settled(keep);
    const a = new Thing("a", { value: 1, force: "f" }, { deleteBeforeReplace: true }); await settled(a);
    const b = new Thing("b", { force: a.version }, { deleteBeforeReplace: true }); await settled(b);
    const c = new Thing("c", { value: b.version }, { deletedWith: a, deleteBeforeReplace: true }); await settled(c);
    return { v: b.version, old: "there" };
};
