import { Group, pulumi, Thing } from "./probe";

export = async () => {
  const group = new Group("group", self => {
    const inside = new Thing("inside", { value: { list: [1, { x: true }] } }, { parent: self });
    return { id: inside.id };
  });
  const secret = new Thing("secret", { value: pulumi.secret("hunter2") });
  const replaced = new Thing("replaced", { value: 1, force: "a" });
  const gone = new Thing("gone", { value: 1 });
  const same = new Thing("same", { value: 1 }, { protect: true });
  return { urn: group.urn, secret: secret.value, version: replaced.version, gone: gone.id, same: same.id };
};
