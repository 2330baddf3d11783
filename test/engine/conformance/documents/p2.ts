import { Group, pulumi, Thing } from "./probe";

export = async () => {
  const group = new Group("group", self => {
    const inside = new Thing("inside", { value: { list: [1, { x: false }] } }, { parent: self });
    return { id: inside.id };
  });
  const secret = new Thing("secret", { value: pulumi.secret("hunter3") }, { parent: group });
  const replaced = new Thing("replaced", { value: 1, force: "b" });
  const made = new Thing("made", { value: replaced.version });
  const same = new Thing("same", { value: 1 });
  pulumi.log.warn("look out", made);
  return { urn: group.urn, secret: secret.value, version: replaced.version, same: same.id };
};
