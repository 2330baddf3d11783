import type { DataSetEntry } from "../../config/schema/data";
import type { DataSettings } from "../../config/schema/pipeline";

/** One source of rows, as `--dataset` and `--val_dataset` take it. */
export interface DataSet {
  /** Path in the container, or an id of a hub. */
  readonly name: string;
  readonly isPath: boolean;
  /** `hf` or `ms` in front of an id. */
  readonly hub?: string;
  readonly subsets: readonly string[];
  /** As it was written: `check` says whether it is a number. */
  readonly rows?: string;
  /** On the operator's side. */
  readonly file?: string;
  /** Where it stands in the cluster file, below `pipeline.data`. */
  readonly path: readonly (string | number)[];
}

/** All data sets of a cluster file, those for training first. */
export function dataSets(data: DataSettings): { training: DataSet[]; validation: DataSet[] } {
  const single: DataSet[] =
    data.path === undefined
      ? []
      : [{ ...parseEntry({ path: data.path, file: data.file }), path: [data.file === undefined ? "path" : "file"] }];
  const listed = (entries: readonly DataSetEntry[] | undefined, key: string): DataSet[] =>
    (entries ?? []).map((entry, index) => {
      const isLocal = typeof entry !== "string" && entry.file !== undefined;
      return { ...parseEntry(entry), path: [key, index, ...(isLocal ? ["file"] : [])] };
    });
  return { training: [...single, ...listed(data.sets, "sets")], validation: listed(data.validation, "validation") };
}

/** `hub::name:subset/subset#rows`, read as ms-swift does: rows from the right, subsets from the left. */
function parseEntry(entry: DataSetEntry): Omit<DataSet, "path"> {
  if (typeof entry !== "string") {
    const { path, rows, file } = entry;
    return {
      name: path,
      isPath: true,
      subsets: [],
      ...(rows !== undefined && { rows: String(rows) }),
      ...(file !== undefined && { file }),
    };
  }
  const [, hub, rest = ""] = /^(?:([^:]*)::)?(.*)$/s.exec(entry) ?? [];
  const [, before = "", rows] = /^(.*?)(?:#([^#]*))?$/s.exec(rest) ?? [];
  const [, name = "", subsets] = /^([^:]*)(?::(.*))?$/s.exec(before) ?? [];
  return {
    name: name.trim(),
    isPath: name.trim().startsWith("/"),
    subsets: subsets === undefined ? [] : subsets.split("/").map(subset => subset.trim()),
    ...(hub !== undefined && { hub }),
    ...(rows !== undefined && { rows }),
  };
}

/** A data set as an argument. */
export function dataSetText({ name, hub, subsets, rows }: DataSet): string {
  const front = hub === undefined ? "" : `${hub}::`;
  const of = subsets.length === 0 ? "" : `:${subsets.join("/")}`;
  return `${front}${name}${of}${rows === undefined ? "" : `#${rows}`}`;
}

export interface DataArguments {
  readonly dataset?: string[];
  readonly val_dataset?: string[];
  readonly split_dataset_ratio?: number;
}

/** Arguments of a training for its data, by their names in every version of ms-swift from 3.7 on. */
export function dataArguments(data: DataSettings | undefined): DataArguments {
  if (data === undefined) return {};
  const { training, validation } = dataSets(data);
  return {
    ...(training.length > 0 && { dataset: training.map(dataSetText) }),
    ...(validation.length > 0 && { val_dataset: validation.map(dataSetText) }),
    ...(data.validationShare !== undefined && { split_dataset_ratio: data.validationShare }),
  };
}

/** The data sets that come from the operator's side, each path once. */
export function localSets(data: DataSettings | undefined): (DataSet & { readonly file: string })[] {
  if (data === undefined) return [];
  const { training, validation } = dataSets(data);
  const local = [...training, ...validation].filter((set): set is DataSet & { file: string } => set.file !== undefined);
  return [...new Map(local.map(set => [set.name, set])).values()];
}
