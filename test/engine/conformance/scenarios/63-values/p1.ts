import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 const s = pulumi.secret("deep");
 const a = new Thing("a", { value: { list: [1, { x: s }, "", [], {}], empty: "", nul: null, big: 12345678901234567890, o: {}, "odd key": 1, "a.b": 2 } });
 new Thing("f", { value: pulumi.secret(null) });
 new Thing("g", { value: new pulumi.asset.StringAsset("hello") });
 new Thing("h", { value: a });
 new Thing("k", { value: { x: s, y: [s] } }, { additionalSecretOutputs: ["value"] });
 new Thing("m", { value: 1, force: s });
 await pulumi.log.error("only said"); return { a, list: [a.id, null], s, nested: { t: a.token, u: undefined } };
};
