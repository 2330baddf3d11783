import { Thing, Group, Provider, lookup, lookupOutput, pulumi } from "./probe";
export = async () => {
 new Thing("a", { value: { x: { y: [2, 3, { z: 2 }] }, keep: 2 } }, { ignoreChanges: ["value.x.y[*].z", "value.keep"] });
 new Thing("b", { value: { l: [{ n: 5, m: 5 }, { n: 6, m: 6 }, { n: 7, m: 7 }], o: { p: 9, q: 9 } } }, { ignoreChanges: ["value.l[*].n", "value.o[\"p\"]"] });
 new Thing("c", { value: { l: [{ n: 2 }] } }, { replaceOnChanges: ["value.l[*].n"] });
 new Thing("e", { value: { x: 2 }, force: 1 }, { ignoreChanges: ["*"] });
 new Thing("f", { value: pulumi.secret({ x: 2, y: 2 }) }, { ignoreChanges: ["value.x"] });
 new Thing("g", { value: [4, 5] }, { ignoreChanges: ["value[1]", "value[5]", "nope.x"] });
};
