import { quote } from "../../remote/shell";

/** Shell that sets `conda` to the program, or fails with the remedy. */
export function findConda(declared: string | undefined): string {
  const remedy =
    "remedy: install Miniconda (https://docs.conda.io), name the program in python.environment.conda, or use kind: venv";
  const find =
    declared === undefined
      ? `conda=
for program in "$(command -v conda || :)" /opt/conda/bin/conda /root/miniconda3/bin/conda; do
  if [ -z "$conda" ] && [ -x "$program" ]; then conda=$program; fi
done
`
      : `conda=${quote(declared)}\n`;
  const missing = `error: conda is not there${declared === undefined ? "" : `: ${declared}`}`;
  return `${find}[ -x "$conda" ] || { echo ${quote(missing)} >&2; echo ${quote(remedy)} >&2; exit 1; }\n`;
}
