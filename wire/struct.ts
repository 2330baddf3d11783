import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import {
  ARCHIVE_SIGNATURE,
  ASSET_SIGNATURE,
  Asset,
  define,
  isList,
  isMap,
  OUTPUT_SIGNATURE,
  RESOURCE_SIGNATURE,
  ResourceReference,
  SECRET_SIGNATURE,
  Secret,
  SIGNATURE_KEY,
  UNKNOWN,
  UNKNOWN_SENTINEL,
  Unknown,
  type Value,
  type ValueMap,
} from "./values";

/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | JsonMap;
export interface JsonMap {
  [key: string]: Json;
}

/** Struct of a gRPC message to values; an absent one is `{}`. Output values become what they hold: secret, unknown or plain. */
export function decode(struct: Struct | undefined): ValueMap {
  return struct === undefined ? {} : decodeMap(struct.toJavaScript() as JsonMap);
}

/** Values to a Struct for a gRPC message. */
export function encode(values: ValueMap, options: EncodeOptions = {}): Struct {
  return Struct.fromJavaScript(encodeMap(values, { ...options, onWire: true }));
}

export interface EncodeOptions {
  /** An unknown secret is sent as the bare sentinel, as the stock engine sends it to providers. */
  readonly bareUnknownSecrets?: boolean;
  /** Of assets only the hash is sent, where a provider needs to know no more than whether they changed. */
  readonly withoutContents?: boolean;
  /** In messages a reference names its resource and its type; in the state it has a version instead, if only an empty one. */
  readonly onWire?: boolean;
}

/** JSON with signatures, such as the state file holds once decrypted, to a value. */
export function decodeValue(json: Json): Value {
  if (json === UNKNOWN_SENTINEL) return UNKNOWN;
  if (json === null || typeof json !== "object") return json ?? null;
  if (Array.isArray(json)) return json.map(decodeValue);
  const signature = Object.hasOwn(json, SIGNATURE_KEY) ? json[SIGNATURE_KEY] : undefined;
  return signature === undefined ? decodeMap(json) : decodeSigned(signature, json);
}

export function decodeMap(json: JsonMap): ValueMap {
  const result: Record<string, Value> = {};
  for (const [key, item] of Object.entries(json)) define(result, key, decodeValue(item));
  return result;
}

function decodeSigned(signature: Json, json: JsonMap): Value {
  switch (signature) {
    case SECRET_SIGNATURE:
      return new Secret(decodeValue(json.value ?? null));
    case OUTPUT_SIGNATURE: {
      const element = Object.hasOwn(json, "value") ? decodeValue(json.value ?? null) : UNKNOWN;
      return json.secret === true ? new Secret(element) : element;
    }
    case ASSET_SIGNATURE:
    case ARCHIVE_SIGNATURE: {
      const { [SIGNATURE_KEY]: _, ...fields } = json;
      return new Asset(signature === ASSET_SIGNATURE ? "asset" : "archive", fields);
    }
    case RESOURCE_SIGNATURE: {
      const { id: told } = json;
      const id = told === UNKNOWN_SENTINEL || told === "" ? UNKNOWN : typeof told === "string" ? told : undefined;
      return new ResourceReference(String(json.urn), id, String(json.packageVersion ?? ""));
    }
    default:
      return decodeMap(json);
  }
}

export function encodeValue(value: Value, options: EncodeOptions = {}): Json {
  if (value instanceof Unknown) return UNKNOWN_SENTINEL;
  if (value instanceof Secret) {
    const element = encodeValue(value.element, options);
    if (options.bareUnknownSecrets && element === UNKNOWN_SENTINEL) return element;
    return { [SIGNATURE_KEY]: SECRET_SIGNATURE, value: element };
  }
  if (value instanceof Asset) {
    return {
      [SIGNATURE_KEY]: value.kind === "asset" ? ASSET_SIGNATURE : ARCHIVE_SIGNATURE,
      ...((options.withoutContents ? { hash: value.fields.hash } : value.fields) as JsonMap),
    };
  }
  if (value instanceof ResourceReference) return encodeReference(value, options.onWire === true);
  if (isList(value)) return value.map(item => encodeValue(item, options));
  return isMap(value) ? encodeMap(value, options) : value;
}

/** An unknown id is the empty text. */
function encodeReference({ urn, id, packageVersion }: ResourceReference, onWire: boolean): JsonMap {
  const [, , types = "", ...name] = urn.split("::");
  return {
    [SIGNATURE_KEY]: RESOURCE_SIGNATURE,
    urn,
    ...(onWire && { name: name.join("::"), type: types.split("$").pop() ?? "" }),
    ...(id !== undefined && { id: id instanceof Unknown ? "" : id }),
    ...((packageVersion !== "" || !onWire) && { packageVersion }),
  };
}

export function encodeMap(values: ValueMap, options: EncodeOptions = {}): JsonMap {
  const result: JsonMap = {};
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) define(result, key, encodeValue(value, options));
  }
  return result;
}
