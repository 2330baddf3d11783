import { createHash } from "node:crypto";
import { decodeValue, encodeValue, type Json, type JsonMap } from "../../wire/struct";
import {
  define,
  isList,
  isMap,
  SECRET_SIGNATURE,
  Secret,
  SIGNATURE_KEY,
  type Value,
  type ValueMap,
} from "../../wire/values";
import { bareState, type CustomTimeouts, type PendingOperation, type ResourceState, type Snapshot } from "../resource";
import type { Cipher } from "../secrets/passphrase";
import { schemaHead } from "./schema-version";

/** Version that is written into the manifest: the protocol's. */
export const ENGINE_VERSION = "3.248.0";

/** Texts of secrets as they were read, so that unchanged ones are written back as they were. */
export type Ciphertexts = WeakMap<Secret, string>;

/** How a secret is put into the JSON: encrypted in files, in plain for `export --show-secrets`. */
export type SecretForm = (secret: Secret) => JsonMap;

export function encryptedForm(cipher: Cipher, known: Ciphertexts): SecretForm {
  return secret => {
    let ciphertext = known.get(secret);
    if (ciphertext === undefined) {
      ciphertext = cipher.encrypt(canonicalJson(serializeValue(secret.element, innerForm)));
      known.set(secret, ciphertext);
    }
    return { [SIGNATURE_KEY]: SECRET_SIGNATURE, ciphertext };
  };
}

export const plainForm: SecretForm = secret => ({
  [SIGNATURE_KEY]: SECRET_SIGNATURE,
  plaintext: canonicalJson(serializeValue(secret.element, plainForm)),
});

/** Of a secret within another, which is encrypted as a whole. */
const innerForm: SecretForm = secret => ({
  [SIGNATURE_KEY]: SECRET_SIGNATURE,
  ciphertext: canonicalJson(serializeValue(secret.element, innerForm)),
});

/** JSON as Go's encoder writes it: keys sorted, `<`, `>` and `&` escaped. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sortKeys(value)).replace(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const sorted: JsonMap = {};
  for (const key of Object.keys(value).sort()) define(sorted, key, sortKeys(value[key] ?? null));
  return sorted;
}

/** A value as the state file has it. */
export function serializeValue(value: Value, form: SecretForm): Json {
  if (value instanceof Secret) return form(value);
  if (isList(value)) return value.map(item => serializeValue(item, form));
  if (!isMap(value)) return encodeValue(value);
  const result: JsonMap = {};
  for (const key of Object.keys(value).sort()) {
    const item = value[key];
    if (item !== undefined) define(result, key, serializeValue(item, form));
  }
  return result;
}

/** The inverse; `cipher` opens the secrets and `known` remembers their texts. */
export function deserializeValue(json: Json, cipher: Pick<Cipher, "decrypt">, known: Ciphertexts): Value {
  if (json === null || typeof json !== "object") return decodeValue(json);
  if (Array.isArray(json)) return json.map(item => deserializeValue(item, cipher, known));
  if (json[SIGNATURE_KEY] === SECRET_SIGNATURE) {
    if (typeof json.plaintext === "string") return new Secret(openedValue(json.plaintext));
    const ciphertext = String(json.ciphertext);
    const secret = new Secret(openedValue(cipher.decrypt(ciphertext)));
    known.set(secret, ciphertext);
    return secret;
  }
  if (Object.hasOwn(json, SIGNATURE_KEY)) return decodeValue(json);
  return deserializeMap(json, cipher, known);
}

/** What a secret holds: secrets within it are open too, and their texts are none to write to a file. */
function openedValue(text: string): Value {
  return deserializeValue(JSON.parse(text), OPEN, new WeakMap());
}

const OPEN: Pick<Cipher, "decrypt"> = { decrypt: text => text };

function deserializeMap(json: JsonMap, cipher: Pick<Cipher, "decrypt">, known: Ciphertexts): ValueMap {
  const result: Record<string, Value> = {};
  for (const [key, item] of Object.entries(json)) define(result, key, deserializeValue(item, cipher, known));
  return result;
}

/** Order of the fields in stock's file. */
const FIELDS = [
  "urn",
  "custom",
  "delete",
  "id",
  "type",
  "inputs",
  "outputs",
  "parent",
  "protect",
  "external",
  "dependencies",
  "initErrors",
  "provider",
  "propertyDependencies",
  "pendingReplacement",
  "additionalSecretOutputs",
  "aliases",
  "customTimeouts",
  "importID",
  "retainOnDelete",
  "deletedWith",
  "replaceWith",
  "created",
  "modified",
  "ignoreChanges",
  "hideDiff",
  "replaceOnChanges",
  "replacementTrigger",
] as const satisfies readonly (keyof ResourceState)[];
const VALUES: ReadonlySet<string> = new Set(["inputs", "outputs", "replacementTrigger"]);
const ALWAYS: ReadonlySet<string> = new Set(["urn", "custom", "type"]);

export function serializeResource(state: ResourceState, form: SecretForm): JsonMap {
  const result: JsonMap = {};
  for (const field of FIELDS) {
    const value = state[field];
    const json = VALUES.has(field) && value !== undefined ? serializeValue(value as Value, form) : (value as Json);
    if (ALWAYS.has(field) || !isEmpty(json)) result[field] = json;
  }
  return Object.assign(result, state.rest);
}

function isEmpty(json: Json | undefined): boolean {
  if (json === undefined || json === null || json === false || json === "") return true;
  return typeof json === "object" && Object.keys(json).length === 0;
}

function strings(json: Json | undefined): string[] {
  return Array.isArray(json) ? json.map(String) : [];
}

export function deserializeResource(json: JsonMap, cipher: Cipher, known: Ciphertexts): ResourceState {
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    if (!(FIELDS as readonly string[]).includes(key)) rest[key] = value;
  }
  const text = (key: string): string | undefined => (typeof json[key] === "string" ? json[key] : undefined);
  const flag = (key: string): true | undefined => (json[key] === true ? true : undefined);
  const map = (key: string): JsonMap => (json[key] ?? {}) as JsonMap;
  return {
    ...bareState(String(json.urn), String(json.type), json.custom === true),
    id: text("id"),
    delete: flag("delete"),
    inputs: deserializeMap(map("inputs"), cipher, known),
    outputs: deserializeMap(map("outputs"), cipher, known),
    parent: text("parent"),
    protect: flag("protect"),
    external: flag("external"),
    dependencies: strings(json.dependencies),
    initErrors: strings(json.initErrors),
    provider: text("provider"),
    propertyDependencies: Object.fromEntries(
      Object.entries(map("propertyDependencies")).map(([k, v]) => [k, strings(v)]),
    ),
    pendingReplacement: flag("pendingReplacement"),
    additionalSecretOutputs: strings(json.additionalSecretOutputs),
    aliases: strings(json.aliases),
    customTimeouts: json.customTimeouts as CustomTimeouts | undefined,
    importID: text("importID"),
    retainOnDelete: flag("retainOnDelete"),
    deletedWith: text("deletedWith"),
    replaceWith: strings(json.replaceWith),
    created: text("created"),
    modified: text("modified"),
    ignoreChanges: strings(json.ignoreChanges),
    hideDiff: strings(json.hideDiff),
    replaceOnChanges: strings(json.replaceOnChanges),
    replacementTrigger:
      json.replacementTrigger === undefined ? undefined : deserializeValue(json.replacementTrigger, cipher, known),
    rest,
  };
}

/** What stands in front of a deployment of these. */
export function schemaOf(resources: readonly ResourceState[]): JsonMap {
  return schemaHead(resources.map(({ replaceWith, rest }) => ({ replaceWith, taint: rest.taint })));
}

export function deserializeSnapshot(deployment: JsonMap, cipher: Cipher, known: Ciphertexts): Snapshot {
  const named = (json: JsonMap): ResourceState => {
    try {
      return deserializeResource(json, cipher, known);
    } catch (error) {
      throw new Error(`resource ${String(json.urn)}: a secret can't be opened (${(error as Error).message})`);
    }
  };
  const resources = ((deployment.resources ?? []) as JsonMap[]).map(named);
  const operations = (deployment.pending_operations ?? []) as JsonMap[];
  return {
    resources,
    pendingOperations: operations.map(operation => ({
      type: operation.type as PendingOperation["type"],
      resource: named(operation.resource as JsonMap),
    })),
  };
}

/** Manifest and secrets provider, in front of the resources. */
export function deploymentHead(salt: string, now: Date): JsonMap {
  return {
    manifest: {
      time: now.toISOString(),
      magic: createHash("sha256").update(ENGINE_VERSION).digest("hex"),
      version: ENGINE_VERSION,
    },
    secrets_providers: { type: "passphrase", state: { salt } },
  };
}

/** The whole deployment as one JSON object, for `export`. */
export function serializeSnapshot(snapshot: Snapshot, salt: string, form: SecretForm, now: Date): JsonMap {
  const operations = snapshot.pendingOperations.map(
    (operation): JsonMap => ({ resource: serializeResource(operation.resource, form), type: operation.type }),
  );
  return {
    ...deploymentHead(salt, now),
    ...(snapshot.resources.length === 0 ? {} : { resources: snapshot.resources.map(r => serializeResource(r, form)) }),
    ...(operations.length === 0 ? {} : { pending_operations: operations }),
    metadata: {},
  };
}
