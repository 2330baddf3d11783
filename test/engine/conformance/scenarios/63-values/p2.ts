import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const s = pulumi.secret("deep");
 const a = new Thing("a", { value: { list: [1, { x: "deep" }, "", [], {}], empty: "", nul: null, big: 12345678901234567890, o: {}, "odd key": 1, "a.b": 2 } });
 const f = new Thing("f", { value: null });
 const g = new Thing("g", { value: new pulumi.asset.StringAsset("hello2") });
 const h = new Thing("h", { value: a });
 const k = new Thing("k", { value: { x: "deep", y: [s] } });
 const m = new Thing("m", { value: s.apply(() => 1), force: "deep" });
 class G extends pulumi.CustomResource { constructor(n: string, id: any, st: any) { super("probe:index:Thing", n, st, { id }); } }
 new G("r", pulumi.all([a, f, g, h, k, m].map(x => x.id)).apply(ids => ids[0]), { value: s, version: undefined });
 return { list: s };
};
