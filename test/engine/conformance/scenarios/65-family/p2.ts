import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const a = new Thing("a", { value: 1 });
 const b = new Thing("b", { value: 1 }, { parent: a });
 class C2 extends pulumi.ComponentResource { constructor(n: string, v: any) { super("my:x:Comp", n, { v }); this.registerOutputs({ z: v }); } }
 new C2("k", 2);
};
