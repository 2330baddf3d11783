import * as path from "node:path";

/** How a file of rows is read: one JSON object a line, a JSON list of objects, or a text a line. */
export type Container = "lines" | "json" | "text";

/** How a file is read by its name, as ms-swift does it (dataset/loader.py: by the extension alone), or why it cannot be checked. */
export function containerOf(file: string): Container | { readonly reason: string; readonly remedy: string } {
  const extension = path.extname(file).slice(1);
  switch (extension) {
    case "jsonl":
      return "lines";
    case "json":
      return "json";
    case "txt":
      return "text";
    case "csv":
    case "parquet":
    case "arrow":
      return {
        reason: `ms-swift reads .${extension} files, but their rows are not checked here`,
        remedy: `write it as jsonl: datasets.load_dataset("${extension}", data_files=FILE, split="train").to_json("FILE.jsonl", force_ascii=False)`,
      };
    default:
      return {
        reason:
          extension === ""
            ? "ms-swift chooses the reader by the name's ending, and this one has none"
            : `ms-swift does not read .${extension} files: it chooses the reader by the name's ending`,
        remedy: ["gz", "zst", "xz", "bz2", "zip"].includes(extension)
          ? "unpack it to FILE.jsonl"
          : "name it FILE.jsonl",
      };
  }
}
