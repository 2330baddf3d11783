import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Asset, isList, isMap, mapValues, Secret, type Value, type ValueMap } from "../../wire/values";

/**
 * Assets as the state keeps them: what they hold, and its SHA-256, so that a changed file is a changed input.
 * @param folder what relative paths start from: the program's
 */
export function withHashes(values: ValueMap, folder: string): ValueMap {
  return mapValues(values, value => hashed(value, folder));
}

function hashed(value: Value, folder: string): Value {
  if (value instanceof Asset) return value.kind === "asset" ? hashedAsset(value, folder) : value;
  if (value instanceof Secret) return new Secret(hashed(value.element, folder));
  if (isList(value)) return value.map(item => hashed(item, folder));
  return isMap(value) ? withHashes(value, folder) : value;
}

function hashedAsset(asset: Asset, folder: string): Asset {
  const { text, path, uri } = asset.fields;
  if (typeof text === "string") return new Asset("asset", { hash: sha256(text), text });
  if (typeof path === "string") return new Asset("asset", { hash: sha256(readFileSync(resolve(folder, path))), path });
  if (typeof uri === "string" && uri.startsWith("file://")) {
    return new Asset("asset", { hash: sha256(readFileSync(new URL(uri))), uri });
  }
  throw new Error(
    `an asset needs a text, a path or a file:// URI; this one has ${Object.keys(asset.fields).join(", ")}`,
  );
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
