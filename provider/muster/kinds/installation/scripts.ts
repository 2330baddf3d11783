import { command, quote } from "../../../../remote/shell";
import type { InstallationInputs, InstallationStep } from "./inputs";

/** Exit status of a check for "not done", which no shell and no missing program gives by itself. */
export const NOT_DONE = 3;

type Place = Pick<InstallationInputs, "container">;

/** Asks all steps in one exec. Answers `absent`, or a line a step: its exit status and what it said in base64. */
export function lookScript(steps: readonly InstallationStep[], place: Place): string {
  const asks = steps.map(
    step =>
      `said=$(sh -c ${quote(step.check)} 2>&1 </dev/null); echo "$? $(printf %s "$said" | base64 | tr -d '\\n')"\n`,
  );
  return inPlace(`${asks.join("")}exit 0\n`, place, "absent");
}

/**
 * Does one step, unless it is done, and proves that it is. Standard input: `NAME=value` lines of secret variables. The lock is
 * held over look, work and proof, so that of two hosts with one disk only the first one works.
 */
export function stepScript(step: InstallationStep, lock: string, place: Place): string {
  const body = `while IFS= read -r line; do export "\${line?}"; done
mkdir -p ${quote(lock.replace(/\/[^/]*$/, "") || "/")} || exit 1
exec 9>>${quote(lock)} || exit 1
if command -v flock >/dev/null; then flock 9; fi
look() { sh -c ${quote(step.check)} 2>&1 </dev/null; }
said=$(look)
code=$?
[ "$code" -ne 0 ] || exit 0
[ "$code" -eq ${NOT_DONE} ] || { printf '%s\\n' "$said" >&2; exit "$code"; }
sh -c ${quote(step.apply)} </dev/null || exit
said=$(look) || { printf 'it was done, and still: %s\\n' "$said" >&2; exit 1; }
`;
  return inPlace(body, place, "fail");
}

/** The script that removes what was installed. A container that is gone has taken it along. */
export function removeScript(script: string, place: Place): string {
  return inPlace(script, place, "absent");
}

function inPlace(script: string, { container }: Place, ifGone: "absent" | "fail"): string {
  if (container === undefined) return script;
  const gone = ifGone === "absent" ? "echo absent; exit 0" : "echo 'the container does not run' >&2; exit 1";
  return `name=${quote(container)}
if ! said=$(docker inspect --type container -f '{{.State.Running}}' "$name" 2>&1); then
  case $said in *'No such container'* | *'No such object'*) said=false ;; *) printf '%s\\n' "$said" >&2; exit 1 ;; esac
fi
[ "$said" = true ] || { ${gone}; }
exec ${command(["docker", "exec", "-i", "-u", "0"])} "$name" sh -c ${quote(script)}
`;
}
