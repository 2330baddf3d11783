import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 new Thing("a", { value: { x: { y: [1, 2, { z: 1 }] }, keep: 1 } }, { ignoreChanges: ["value.x.y[*].z", "value.keep"] });
 new Thing("b", { value: { l: [{ n: 1, m: 1 }, { n: 2, m: 2 }], o: { p: 1, q: 2 } } }, { ignoreChanges: ["value.l[*].n", "value.o[\"p\"]"] });
 new Thing("c", { value: { l: [{ n: 1 }] } }, { replaceOnChanges: ["value.l[*].n"] });
 new Thing("e", { value: { x: 1 } }, { ignoreChanges: ["*"] });
 new Thing("f", { value: pulumi.secret({ x: 1, y: 1 }) }, { ignoreChanges: ["value.x"] });
 new Thing("g", { value: [1, 2, 3] }, { ignoreChanges: ["value[1]", "value[5]", "nope.x"] });
};
