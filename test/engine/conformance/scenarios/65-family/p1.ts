import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1 });
 const b = new Thing("b", { value: 1 }, { parent: a, retainOnDelete: true });
 new Thing("c", { value: a.id }, { parent: b, dependsOn: a, deletedWith: a });
 new Group("g", (self) => { new Thing("in", { value: 1 }, { parent: self }); new Thing("in2", { value: 1 }, { parent: self, protect: false }); }, { protect: true, retainOnDelete: true, parent: a } as any);
 class C2 extends pulumi.ComponentResource { constructor(n: string, v: any) { super("my:x:Comp", n, { v }); this.registerOutputs({ z: v }); } }
 new C2("k", 1);
};
