import { assignments } from "../../remote/shell";
import { isSafeDirectory, safeDirectory } from "./checkout";
import { NOT_DONE, type SetupStep } from "./setup-step";

export interface SwiftCheckout {
  /** Folder of the checkout. */
  readonly source: string;
  /** What the cluster file says that ms-swift is; the commands are written for it. */
  readonly version: string;
  /** requirements.py under the Python that is meant. */
  readonly tool: string;
  /** Shell that installs "$checkout". */
  readonly install: string;
}

/**
 * ms-swift from a checkout, as `pip install -e` has it. It must be of the declared version: a newer one has other arguments. The version
 * in the sources counts, not the name of the tag: a checkout may be shallow, or have come as an archive.
 */
export function swiftCheckoutStep({ source, version, tool, install }: SwiftCheckout): SetupStep {
  const look = `${assignments({ wanted: version, checkout: source })}found=$(${versionIn})\n`;
  return {
    name: "ms-swift",
    check: `${look}[ "$found" = "$wanted" ] || { echo "$checkout is of ms-swift \${found:-unknown}, the cluster file says $wanted"; exit ${NOT_DONE}; }
${isSafeDirectory(source)}${tool} editable ms-swift "$checkout"
`,
    apply: `set -eu
${safeDirectory(source)}${look}if [ "$found" != "$wanted" ]; then
  echo "error: $checkout is of ms-swift \${found:-unknown}, the cluster file says $wanted" >&2
  echo "remedy: git -C $checkout checkout v$wanted" >&2
  exit 1
fi
${install}`,
  };
}

/** Shell that prints the version in the checkout's sources. */
const versionIn = `sed -n 's/^__version__ *= *.\\([0-9][0-9A-Za-z.+]*\\).*/\\1/p' "$checkout/swift/version.py" 2>/dev/null || :`;
