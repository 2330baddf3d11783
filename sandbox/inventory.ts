/** Where a simulated host is to be found. */
export interface HostPlace {
  name: string;
  address: string;
}

/** The places of the first hosts: node-K at <subnet>.(10+K). `subnet` is the first three numbers. */
export function hostPlaces(count: number, subnet: string): HostPlace[] {
  if (!Number.isInteger(count) || count < 1 || count > 240) {
    throw new Error(`muster-sandbox:hosts is ${count}; it must be a whole number from 1 to 240`);
  }
  if (!/^(\d{1,3}\.){2}\d{1,3}$/.test(subnet)) {
    throw new Error(
      `muster-sandbox:subnet is "${subnet}"; it must be the first three numbers of the addresses, such as 10.77.0`,
    );
  }
  return Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    address: `${subnet}.${11 + index}`,
  }));
}

/** The inventory that a cluster file includes; its paths are relative to the inventory. */
export function inventoryText(places: HostPlace[]): string {
  const hosts = places.map(place => `  - {name: ${place.name}, address: ${place.address}, port: 22, user: root}\n`);
  return [
    "# SIMULATED hosts, written by `muster --cwd sandbox up`. Changes are lost at the next one.\n",
    "hosts:\n",
    ...hosts,
    "ssh: {identityFile: ./id_ed25519, configFile: none}\n",
    "knownHosts: ./known_hosts\n",
  ].join("");
}

/** known_hosts for the places; `publicKeys` are the hosts' declared keys by name ("ssh-ed25519 AAAA…"). */
export function knownHostsText(places: HostPlace[], publicKeys: Record<string, string>): string {
  return places
    .map(place => {
      const [type, key] = (publicKeys[place.name] ?? "").trim().split(/\s+/);
      if (!type || !key) throw new Error(`${place.name} has no declared host key; make it with: sandbox/keys`);
      return `${place.address} ${type} ${key}\n`;
    })
    .join("");
}
