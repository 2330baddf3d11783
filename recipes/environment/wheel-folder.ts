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
  const solve = ["install", "--disable-pip-version-check", "--quiet", "--dry-run", "--ignore-installed"];
  const offline = ["--no-index", "--find-links", wheels, "--only-binary", ":all:", "-c", constraints];
  const pip = command([python, "-m", "pip", ...solve, ...offline]);
  const met = command([python, `${tools}/requirements.py`, "check", "--constraints", constraints, ...requirements]);
  return {
    name: "wheels",
    check: `if [ "$(cat ${quote(mark)} 2>/dev/null)" != ${wanted} ]; then
  { [ -x ${quote(python)} ] && ${met} >/dev/null 2>&1; } || ${notDone(`the wheels in ${wheels} were not looked at`)}
fi
`,
    apply: `[ -d ${quote(wheels)} ] || { echo ${quote(`error: ${wheels} is no folder on this host (python.wheels)`)} >&2; exit 1; }
missing=0
for requirement in ${command(requirements)}; do
  said=$(${pip} "$requirement" 2>&1) && continue
  missing=$((missing + 1))
  echo "error: $requirement: $(printf '%s\\n' "$said" | sed -n 's/^ERROR: //p' | head -n 2 | tr '\\n' ' ')" >&2
done
if [ "$missing" -gt 0 ]; then
  echo ${quote(`remedy: on a machine with internet and the same Python: pip wheel -w FOLDER -c constraints.txt REQUIREMENT; then copy FOLDER to ${wheels}`)} >&2
  exit 1
fi
# Each by itself may be there, and still not all of them together.
said=$(${pip} ${command(requirements)} 2>&1) || { printf '%s\\n' "$said" >&2; exit 1; }
printf '%s\\n' ${wanted} >${quote(mark)}
`,
    timeoutSeconds: 1800,
  };
}
