import type { Cluster } from "../../config/schema";
import { assignments, command, quote } from "../../remote/shell";
import { toolsFolder } from "../tools";
import { isSafeDirectory, safeDirectory } from "./checkout";
import { parseRequirement } from "./requirement";
import { NOT_DONE, notDone, type SetupStep } from "./setup-step";

/** In the container's own layer: a new container is made from the image, and freezes its versions anew. */
const folder = "/var/lib/muster/python";
const constraints = `${folder}/image.txt`;
const tool = `python3 ${toolsFolder}/requirements.py`;

/**
 * What the cluster file adds to the image's Python. The image's own versions are written down first and hold from then on: an extra
 * package never brings another torch, vllm or transformers with it. Nothing is installed where the file asks for nothing.
 */
export function inImageSteps(cluster: Cluster): SetupStep[] {
  const { python, image, pipeline } = cluster;
  const steps = [
    ...(python.upgradePip ? [upgradePip] : []),
    ...(python.swift ? [swiftStep(python.swift.source, image.swift)] : []),
    ...(pipeline?.megatronLm === undefined ? [] : [safeStep(pipeline.megatronLm)]),
    ...(python.packages.length === 0 ? [] : [packagesStep(python.packages)]),
  ];
  return steps.length === 0 ? [] : [freeze, ...steps, imageVersions(python.packages)];
}

const freeze: SetupStep = {
  name: "image-versions",
  check: `[ -s ${constraints} ] || ${notDone("the image's versions are not written down")}\n`,
  apply: `mkdir -p ${folder} && ${tool} freeze ${constraints}\n`,
  timeoutSeconds: 300,
};

const upgradePip: SetupStep = {
  name: "pip",
  check: `[ -e ${folder}/pip-upgraded ] || ${notDone("pip is the image's")}\n`,
  apply: `python3 -m pip install --upgrade pip && : >${folder}/pip-upgraded\n`,
  timeoutSeconds: 600,
};

/**
 * A checkout must be of image.swift: a newer one installs over the image's and has other arguments. The version in the sources counts,
 * not the name of the tag: a checkout may be shallow, or have come as an archive.
 */
function swiftStep(source: string | undefined, version: string): SetupStep {
  const requirement = `ms-swift==${version}`;
  if (source === undefined) {
    return {
      name: "ms-swift",
      check: `${tool} check ${quote(requirement)}\n`,
      apply: `python3 -m pip install --no-deps ${quote(requirement)}\n`,
    };
  }
  const look = `${assignments({ wanted: version, checkout: source })}found=$(${versionIn})\n`;
  return {
    name: "ms-swift",
    check: `${look}[ "$found" = "$wanted" ] || { echo "$checkout is of ms-swift \${found:-unknown}, the image has $wanted"; exit ${NOT_DONE}; }
${isSafeDirectory(source)}${tool} editable ms-swift "$checkout"
`,
    apply: `set -eu
${safeDirectory(source)}${look}if [ "$found" != "$wanted" ]; then
  echo "error: $checkout is of ms-swift \${found:-unknown}, the image has $wanted" >&2
  echo "remedy: git -C $checkout checkout v$wanted" >&2
  exit 1
fi
# The image's dependencies fit its ms-swift; resolving them again would replace torch.
python3 -m pip install --no-deps --no-build-isolation -e "$checkout"
`,
  };
}

/** Shell that prints the version in the checkout's sources. */
const versionIn = `sed -n 's/^__version__ *= *.\\([0-9][0-9A-Za-z.+]*\\).*/\\1/p' "$checkout/swift/version.py" 2>/dev/null || :`;

function safeStep(checkout: string): SetupStep {
  return {
    name: "safe-directory",
    check: isSafeDirectory(checkout),
    apply: safeDirectory(checkout),
    timeoutSeconds: 60,
  };
}

/** The packages that the file names may be of another version than the image's; all others stay. */
function packagesStep(packages: readonly string[]): SetupStep {
  return {
    name: "packages",
    check: `${tool} ${command(["check", ...packages])}\n`,
    apply: `set -eu
${tool} ${command(["constraints", constraints, ...freed(packages)])} >${folder}/constraints.txt
python3 -m pip install -U -c ${folder}/constraints.txt ${command(packages)}
`,
  };
}

/** Whoever changed the image's own versions by hand: they are put back, without their dependencies, which are written down too. */
function imageVersions(packages: readonly string[]): SetupStep {
  const free = freed(packages);
  return {
    name: "unchanged-image",
    check: `${tool} ${command(["check", "--constraints", constraints, ...free])}\n`,
    apply: `set -eu
${tool} ${command(["broken", constraints, ...free])} >${folder}/broken.txt || :
python3 -m pip install --no-deps -r ${folder}/broken.txt || {
  echo 'error: these versions of the image cannot be had from the index:' >&2
  cat ${folder}/broken.txt >&2
  echo 'remedy: a new container has them; docker rm -f it, then run up again' >&2
  exit 1
}
`,
  };
}

function freed(packages: readonly string[]): string[] {
  return packages.flatMap(text => ["--free", parseRequirement(text).name]);
}
