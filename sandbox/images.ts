import * as fs from "node:fs";

/** What `sandbox/images/build` made, and in which Docker. */
export interface BuiltImages {
  dockerHost: string;
  hostImage: string;
  storeVolume: string;
  store: string;
}

/** Reads images.env, the result of `sandbox/images/build`. */
export function builtImages(path: string): BuiltImages {
  let text: string;
  try {
    text = fs.readFileSync(path, "utf8");
  } catch {
    throw new Error(
      `${path} is not there: the images of the sandbox are not built.\n  remedy: ./scripts/demo, or sandbox/images/build`,
    );
  }
  const values = new Map(
    text.split("\n").map(line => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const value = (name: string): string => {
    const found = values.get(name);
    if (!found) throw new Error(`${path} has no ${name}.\n  remedy: rm ${path} && sandbox/images/build`);
    return found;
  };
  return {
    dockerHost: value("DOCKER_HOST"),
    hostImage: value("HOST_IMAGE"),
    storeVolume: value("STORE_VOLUME"),
    store: value("STORE"),
  };
}
