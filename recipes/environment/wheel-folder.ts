import { createHash } from "node:crypto";
import { command, quote } from "../../remote/shell";
import type { HostEnvironment } from "./host-environment";
import { notDone, type SetupStep } from "./setup-step";

/**
 * Whether a folder of wheels has all that the other steps will install, before anything is installed: pip solves each requirement
 * against the folder alone, without installing, and all that is missing is told at once, with the requirement that needs it.
 */
export function wheelFolderStep(
  { python, constraints, settings }: HostEnvironment,
  tools: string,
  wheels: string,
  requirements: readonly string[],
): SetupStep {
  const mark = `${settings.path}/muster/wheels`;
  const wanted = createHash("sha256")
    .update(JSON.stringify([wheels, requirements]))
    .digest("hex")
    .slice(0, 16);
  const solve = ["install", "--disable-pip-version-check", "--dry-run", "--ignore-installed"];
  const offline = ["--no-index", "--find-links", wheels, "--only-binary", ":all:"];
  const pip = command([python, "-m", "pip", ...solve, ...offline]);
  const met = command([python, `${tools}/requirements.py`, "check", "--constraints", constraints, ...requirements]);
  return {
    name: "wheels",
    check: `if [ "$(cat ${quote(mark)} 2>/dev/null)" != ${wanted} ]; then
  { [ -x ${quote(python)} ] && ${met} >/dev/null 2>&1; } || ${notDone(`the wheels in ${wheels} were not looked at`)}
fi
`,
    apply: `[ -d ${quote(wheels)} ] || { echo ${quote(`error: ${wheels} is no folder on this host (python.wheels)`)} >&2; exit 1; }
if ! together=$(${pip} ${command(["-c", constraints, ...requirements])} 2>&1); then
  # pip stops at the first that is missing; asked one by one it names them all.
  missing=0
  for requirement in ${command(requirements)}; do
    said=$(${pip} "$requirement" 2>&1) && continue
    missing=$((missing + 1))
    echo "error: $requirement: $(printf '%s\\n' "$said" | sed -n 's/^ERROR: //p' | head -n 2 | tr '\\n' ' ')" >&2
  done
  if [ "$missing" -eq 0 ]; then
    echo ${quote(`error: ${wheels} has no set of wheels in which all of them fit:`)} >&2
    printf '%s\\n' "$together" | grep -v -e '^Looking in' -e '^Processing' -e '^Collecting' >&2
  fi
  echo ${quote(`remedy: on a machine with internet and the same Python: pip wheel -w FOLDER -c constraints.txt REQUIREMENT; then copy FOLDER to ${wheels}`)} >&2
  exit 1
fi
printf '%s\\n' ${wanted} >${quote(mark)}
`,
    timeoutSeconds: 1800,
  };
}
