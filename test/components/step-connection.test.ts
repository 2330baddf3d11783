import * as pulumi from "@pulumi/pulumi";
import { stepConnection } from "../../components/step-connection";
import type { DeclaredHost } from "../../config/host-table";

const keys = ["ssh-ed25519 AAAA"];
const host: DeclaredHost = { name: "node-1", address: "10.0.0.1", user: "root", hostKeys: keys };

function connection(changes: Partial<DeclaredHost>, ...others: DeclaredHost[]) {
  const declared = { ...host, ...changes };
  const hostTable = [declared, ...others];
  const secret = (name: string) => pulumi.secret(`value of ${name}`);
  return stepConnection(declared, { hostTable, secret, privateKey: file => `text of ${file}` });
}

async function plain(value: object): Promise<Record<string, unknown>> {
  return await new Promise(resolve => pulumi.output(value).apply(found => resolve(found as Record<string, unknown>)));
}

test("says login, secrets and one bastion in the words of @pulumi/command", async () => {
  const found = connection(
    { identityFile: ["a", "b"], passphrase: { secret: "p" }, bastion: "gate", agent: "none" },
    { ...host, name: "gate", address: "10.0.0.9", port: 2222, user: "ops", password: { secret: "g" }, agent: "/a" },
  );
  expect(await plain(found)).toEqual({
    host: "10.0.0.1",
    port: 22,
    user: "root",
    hostKey: keys[0],
    privateKey: "text of a",
    privateKeyPassword: "value of p",
    proxy: {
      host: "10.0.0.9",
      port: 2222,
      user: "ops",
      hostKey: keys[0],
      password: "value of g",
      agentSocketPath: "/a",
    },
  });
  expect(await pulumi.isSecret(pulumi.output(found))).toBe(true);
});

test("what it cannot say stops the program with the reason and the remedy", () => {
  const gate = { address: "g", user: "ops", hostKeys: keys };
  expect(() => connection({ bastion: { ...gate, bastion: gate } })).toThrow(
    /steps cannot run on node-1: it is behind more than one bastion.*muster exec/,
  );
  expect(() => connection({ hostKeys: [], hostAuthorities: keys })).toThrow("trusted by an authority alone");
});
