import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 new Thing("a", { value: "text" }, { ignoreChanges: ["value.x.y[*].z", "value.keep", "value["] });
 new Thing("b", {}, { ignoreChanges: ["value.l[*].n", "value"] });
 new Thing("e", {}, { ignoreChanges: ["value.x"] });
 new Thing("f", { value: { x: 3, y: 2 } }, { ignoreChanges: ["value.x"] });
 new Thing("g", { value: { a: 1 } }, { ignoreChanges: ["value[1]", "value.a"] });
};
