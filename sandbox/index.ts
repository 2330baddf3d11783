import * as fs from "node:fs";
import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { builtImages } from "./images";
import { hostPlaces, inventoryText, knownHostsText } from "./inventory";
import { untilGreeted } from "./ready";
import { SimulatedHost } from "./simulated-host";

const config = new pulumi.Config();
const prefix = config.get("name") ?? "sim";
const subnet = config.get("subnet") ?? "10.77.0";
const gpus = config.getNumber("gpus") ?? 2;
const places = hostPlaces(config.getNumber("hosts") ?? 2, subnet);
const folder = path.resolve(config.get("folder") ?? "../.muster/sandbox");
// The images lie in one Docker for all sandboxes.
const images = builtImages(path.resolve(config.get("images") ?? "../.muster/sandbox/images.env"));

const provider = new docker.Provider("sandbox", { host: config.get("dockerHost") || images.dockerHost });
const network = new docker.Network(
  "network",
  {
    name: `${prefix}-net`,
    driver: "bridge",
    internal: true, // no way out, as on many training clusters
    options: { "com.docker.network.bridge.name": `mus-${prefix}` },
    ipamConfigs: [{ subnet: `${subnet}.0/24` }],
  },
  { provider },
);
const hosts = places.map(
  place =>
    new SimulatedHost(
      place.name,
      {
        place,
        prefix,
        gpus,
        ...images,
        image: images.hostImage,
        keyFolder: path.join(folder, "keys", place.name),
        network,
      },
      { provider },
    ),
);

/** Path of the inventory; known once every host answers, and the files are written. */
export const inventory = pulumi.all(hosts.map(host => host.containerId)).apply(async () => {
  const file = path.join(folder, "inventory.yaml");
  if (pulumi.runtime.isDryRun()) return file;
  await Promise.all(places.map(place => untilGreeted(place.address, 22, 60)));
  const keys = places.map(({ name }) => {
    const key = path.join(folder, "keys", name, "ssh_host_ed25519_key.pub");
    return [name, fs.readFileSync(key, "utf8")] as const;
  });
  fs.writeFileSync(path.join(folder, "known_hosts"), knownHostsText(places, Object.fromEntries(keys)));
  fs.writeFileSync(file, inventoryText(places));
  return file;
});

/** Name and address of each host. */
export const addresses = places;
