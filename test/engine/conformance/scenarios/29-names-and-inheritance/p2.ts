import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
const settled = (r: any) => new Promise<void>(ok => r.urn.apply(() => ok()));
export = async () => {
    const g = new Group("h", me => {
        new Thing("h-child", { value: 1 }, { parent: me });
        new Group("h-sub2", sub => { new Thing("deep", { value: 2 }, { parent: sub }); }, { parent: me, aliases: [{ name: "h-sub" }] });
    }, { aliases: [{ name: "never" }, { name: "g" }], retainOnDelete: true });
    const other = new Thing("other", { value: { list: [1, 5, 6], map: { x: 1 } }, force: "f" }, { ignoreChanges: ["value.list[2]", "value.list[1]"] });
    const lone = new Thing("lone", { value: 3 }, { deletedWith: other });
    new Thing("kid", { value: 4 }, { parent: lone, version: "0.1.0" });
    const asset = new Thing("asset", { value: new pulumi.asset.StringAsset("text2"), force: other });
    return { ref: asset, inner: pulumi.secret(lone) };
};
