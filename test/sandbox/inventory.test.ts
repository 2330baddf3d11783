import { parse } from "yaml";
import { hostPlaces, inventoryText, knownHostsText } from "../../sandbox/inventory";

describe("hostPlaces", () => {
  it("counts addresses from .11", () => {
    expect(hostPlaces(2, "10.77.0")).toEqual([
      { name: "node-1", address: "10.77.0.11" },
      { name: "node-2", address: "10.77.0.12" },
    ]);
  });

  it("stays within the subnet", () => {
    expect(hostPlaces(240, "10.77.0").at(-1)?.address).toBe("10.77.0.250");
    expect(() => hostPlaces(241, "10.77.0")).toThrow(/muster-sandbox:hosts is 241/);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses %p hosts", count => {
    expect(() => hostPlaces(count, "10.77.0")).toThrow(/muster-sandbox:hosts/);
  });

  it.each(["10.77", "10.77.0.0/24", "ten.77.0"])("refuses the subnet %s", subnet => {
    expect(() => hostPlaces(2, subnet)).toThrow(/first three numbers/);
  });
});

describe("inventoryText", () => {
  it("is YAML in the form that a cluster file includes", () => {
    expect(parse(inventoryText(hostPlaces(2, "10.78.1")))).toEqual({
      hosts: [
        { name: "node-1", address: "10.78.1.11", port: 22, user: "root" },
        { name: "node-2", address: "10.78.1.12", port: 22, user: "root" },
      ],
      ssh: { identityFile: "./id_ed25519", configFile: "none" },
      knownHosts: "./known_hosts",
    });
  });

  it("says that the hosts are simulated", () => {
    expect(inventoryText(hostPlaces(1, "10.77.0"))).toMatch(/SIMULATED/);
  });
});

describe("knownHostsText", () => {
  it("pins each address to its declared key, without the comment", () => {
    const keys = { "node-1": "ssh-ed25519 AAAA1 simulated-node-1\n", "node-2": "ssh-ed25519 AAAA2\n" };
    expect(knownHostsText(hostPlaces(2, "10.77.0"), keys)).toBe(
      "10.77.0.11 ssh-ed25519 AAAA1\n10.77.0.12 ssh-ed25519 AAAA2\n",
    );
  });

  it("names the host without a key, and the remedy", () => {
    expect(() => knownHostsText(hostPlaces(2, "10.77.0"), { "node-1": "ssh-ed25519 AAAA1" })).toThrow(
      /node-2.*sandbox\/keys/,
    );
  });
});
