import { quote } from "../remote/shell";
import { ABSENT, type Topic } from "./fact";

/** A folder of Hugging Face weights, as far as plans need it. */
export interface Model {
  /** The plain values of config.json: numbers, texts, booleans; those of a part for text count as its own. */
  readonly config: Readonly<Record<string, string | number | boolean>>;
  /** Size of all safetensors files together, in bytes. */
  readonly weightBytes: number;
}

/** Asks for the model in a folder of the host. No folder: it is absent. */
export function model(folder: string | undefined): Topic<Model> {
  if (folder === undefined) return { snippet: `exit ${ABSENT}`, parse };
  const place = quote(folder.replace(/\/+$/, ""));
  const config = quote(`${folder.replace(/\/+$/, "")}/config.json`);
  return {
    // A folder that may not be entered is not absent: ls says which it is.
    snippet: `if ! said=$(ls -d ${config} 2>&1); then
  case $said in *'No such file'*|*'Not a directory'*) exit ${ABSENT} ;; *) echo "$said"; exit 1 ;; esac
fi
cat ${config} || exit 1
printf '\\n#weights '
find -L ${place} -maxdepth 1 -name '*.safetensors' -printf '%s\\n' | awk '{ total += $1 } END { printf "%.0f\\n", total }'`,
    parse,
  };
}

function parse(output: string): Model {
  const [text = "", size] = output.split("\n#weights ");
  const config: unknown = JSON.parse(text);
  if (typeof config !== "object" || config === null || size === undefined) throw new Error("config.json is no object");
  const ofText: unknown = Reflect.get(config, "text_config") ?? {};
  const entries = [...Object.entries(config), ...Object.entries(ofText as object)];
  const plain = entries.filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  return { config: Object.fromEntries(plain), weightBytes: Number(size) };
}
