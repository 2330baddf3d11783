import { wayTo } from "../../config/host-table";
import type { HostConnection, HostTable } from "../../remote/host-table";

const keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC8ZNM5GtM8I4HM0HuzYBqMy2S6/puxmy7WYKYWCxbc9"];
const host: HostConnection = { name: "node-1", address: "10.0.0.11", port: 22, user: "root", hostKeys: keys };
const way = (changed: Partial<HostConnection>, table: HostTable = []) => wayTo({ ...host, ...changed }, table);

describe("the way to a host", () => {
  test("is its login, address and pinned keys", () => {
    expect(way({})).toMatch(/^root@10\.0\.0\.11:22 SHA256:[A-Za-z0-9+/]{43}$/);
    expect(way({ hostKeys: [] })).toBe("root@10.0.0.11:22 no pinned key");
  });

  test("is another one with another address, port, user, key or bastion", () => {
    const bastion = { address: "10.0.0.1", user: "gate", hostKeys: keys };
    const ways = [
      way({}),
      way({ address: "10.0.0.12" }),
      way({ port: 2222 }),
      way({ user: "alice" }),
      way({ hostKeys: [] }),
      way({ bastion }),
      way({ bastion: { ...bastion, address: "10.0.0.2" } }),
      way({ bastion: "gate" }, [{ ...bastion, name: "gate", address: "10.0.0.3" }]),
    ];
    expect(new Set(ways).size).toBe(ways.length);
  });

  test("does not depend on what opens the login", () => {
    expect(way({ identityFile: "/home/alice/.ssh/id_ed25519" })).toBe(way({}));
  });
});
