import type { Cluster } from "../config/schema";
import { quote } from "../remote/shell";

/** /etc/pip.conf of the container; empty settings give no file. */
export function renderPipConfig(python: Cluster["python"]): string | undefined {
  const lines = [
    ...(python.indexUrl === undefined ? [] : [`index-url = ${python.indexUrl}`]),
    ...(python.extraIndexUrl === undefined ? [] : [`extra-index-url = ${python.extraIndexUrl}`]),
    ...(python.wheels === undefined ? [] : ["no-index = true", `find-links = ${python.wheels}`]),
  ];
  return lines.length === 0 ? undefined : `[global]\n${lines.join("\n")}\n`;
}

/**
 * Commands that bring the container's Python to what the file says, as one script for sh. Safe to run again.
 * A checkout of ms-swift must be at the tag of image.swift: a newer one installs over the image's and has other arguments.
 */
export function renderPythonInstall(cluster: Cluster): string | undefined {
  const { python, image } = cluster;
  const lines = [
    ...(python.upgradePip ? ["python3 -m pip install --upgrade pip"] : []),
    ...(python.swift ? editableSwift(python.swift.source, image.swift) : []),
    ...(cluster.pipeline?.megatronLm === undefined ? [] : safeDirectory(cluster.pipeline.megatronLm)),
    ...(python.packages.length === 0 ? [] : [`python3 -m pip install -U ${python.packages.map(quote).join(" ")}`]),
  ];
  return lines.length === 0 ? undefined : `set -eu\n${lines.join("\n")}\n`;
}

function editableSwift(source: string, version: string): string[] {
  const folder = quote(source);
  const wanted = quote(version);
  return [
    ...safeDirectory(source),
    // The version in the sources, not the name of the tag: a checkout may be shallow, or have come as an archive.
    `found=$(sed -n "s/^__version__ *= *['\\"]\\([^'\\"]*\\)['\\"].*/\\1/p" ${folder}/swift/version.py)`,
    `if [ "$found" != ${wanted} ]; then`,
    `  echo "error: "${folder}" is ms-swift $found, the image has "${wanted} >&2`,
    `  echo "  remedy: git -C "${folder}" checkout v"${wanted} >&2`,
    "  exit 1",
    "fi",
    // The image's dependencies fit its ms-swift; resolving them again would replace torch.
    `python3 -m pip install --no-deps --no-build-isolation -e ${folder}`,
  ];
}

function safeDirectory(folder: string): string[] {
  const quoted = quote(folder);
  return [
    `git config --global --get-all safe.directory | grep -qxF ${quoted} || git config --global --add safe.directory ${quoted}`,
  ];
}
