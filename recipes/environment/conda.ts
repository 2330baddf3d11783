import { quote } from "../../remote/shell";

/** Shell that sets `conda` to the program, or fails with the remedy. */
export function findConda(declared: string | undefined): string {
  const places =
    declared === undefined
      ? '"$(command -v conda || :)" /opt/conda/bin/conda /root/miniconda3/bin/conda'
      : quote(declared);
  const remedy =
    "remedy: install Miniconda (https://docs.conda.io), name the program in python.environment.conda, or use kind: venv";
  return `conda=
for program in ${places}; do
  if [ -z "$conda" ] && [ -x "$program" ]; then conda=$program; fi
done
[ -n "$conda" ] || { echo 'error: conda is not there' >&2; echo ${quote(remedy)} >&2; exit 1; }
`;
}
