import type { EnvironmentSettings } from "../../config/schema/environment";
import { command, quote } from "../../remote/shell";
import { findConda } from "./conda";
import type { HostEnvironment } from "./host-environment";
import { notDone, type SetupStep } from "./setup-step";

/** The oldest pip that can say what it would install (`--dry-run`, 22.2) and reads every constraint. */
const oldestPip = "22.2";

/** A file whose presence says that muster made the environment: without it nothing in the folder is removed. */
export function ownMark(path: string): string {
  return `${path}/muster/owner`;
}

/** The empty environment: Python of the declared version, and a folder of muster's own in it. */
export function newEnvironmentStep(
  settings: EnvironmentSettings,
  { versions, python }: HostEnvironment,
  wheels: string | undefined,
): SetupStep {
  const { kind, path } = settings;
  const version = versions.python ?? "3.10";
  const mark = quote(ownMark(path));
  const check = `[ -e ${mark} ] || ${notDone(`${path} is no environment of muster's`)}
found=$(${quote(python)} -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || ${notDone(`${python} does not run`)}
[ "$found" = ${quote(version)} ] || { echo ${quote(`${path} is of Python`)} "$found,"${quote(` ${version} is wanted`)}; exit 3; }
`;
  const occupied = `error: ${path} is there and is not muster's; remedy: move it away, or choose another python.environment.path`;
  const apply = `set -eu
if [ -e ${quote(path)} ] && [ ! -e ${mark} ] && [ -n "$(ls -A ${quote(path)} 2>/dev/null)" ]; then
  echo ${quote(occupied)} >&2
  exit 1
fi
${kind === "venv" ? venv(path, version, wheels) : conda(settings, version, wheels)}mkdir -p ${quote(`${path}/muster`)}
: >${mark}
`;
  return { name: "environment", check, apply, timeoutSeconds: 1800 };
}

/** A venv of the host's Python. Debian's has no ensurepip: then pip comes from its own wheel, which can run as it is. */
function venv(path: string, version: string, wheels: string | undefined): string {
  const missing = `remedy: apt-get install -y python${version} python${version}-venv, or kind: conda, which brings its own`;
  const noPip = `error: this Python has no ensurepip; remedy: apt-get install -y python${version}-venv`;
  const withoutPip =
    wheels === undefined
      ? `  echo ${quote(noPip)} >&2\n  exit 1\n`
      : `  "$base" -m venv --clear --without-pip ${quote(path)}
  pip=$(find ${quote(wheels)} -maxdepth 1 -name 'pip-*.whl' | sort | tail -n 1)
  [ -n "$pip" ] || { echo ${quote(`error: this Python has no ensurepip, and ${wheels} no wheel of pip; remedy: pip download -d FOLDER pip`)} >&2; exit 1; }
  ${quote(`${path}/bin/python`)} "$pip/pip" install -q --no-index --find-links ${quote(wheels)} pip
`;
  return `base=
for program in ${quote(`python${version}`)} python3; do
  if [ -z "$base" ] && [ "$("$program" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = ${quote(version)} ]; then
    base=$(command -v "$program")
  fi
done
[ -n "$base" ] || { echo ${quote(`error: the host has no Python ${version}`)} >&2; echo ${quote(missing)} >&2; exit 1; }
if "$base" -c 'import ensurepip' 2>/dev/null; then
  "$base" -m venv --clear ${quote(path)}
else
${withoutPip}fi
`;
}

function conda({ path, conda: program }: EnvironmentSettings, version: string, wheels: string | undefined): string {
  const create = [
    "create",
    "-y",
    "-p",
    path,
    ...(wheels === undefined ? [] : ["--offline"]),
    `python=${version}`,
    "pip",
  ];
  return `${findConda(program)}rm -rf ${quote(path)}\n"$conda" ${command(create)}\n`;
}

/** pip of the environment. It is upgraded if it is too old for what the other steps ask of it, or if the file says so. */
export function pipStep(
  { python, settings }: HostEnvironment,
  upgrade: boolean,
  wheels: string | undefined,
): SetupStep {
  const mark = quote(`${settings.path}/muster/pip-upgraded`);
  const isNew = `from pip import __version__ as v; raise SystemExit([int(n) for n in v.split(".")[:2]] < ${JSON.stringify(oldestPip.split(".").map(Number))})`;
  const offline = wheels === undefined ? [] : ["--no-index", "--find-links", wheels];
  return {
    name: "pip",
    check: `${quote(python)} -c ${quote(isNew)} 2>/dev/null || ${notDone(`pip is older than ${oldestPip}, or not there`)}
${upgrade ? `[ -e ${mark} ] || ${notDone("pip is the one that the environment was made with")}\n` : ""}`,
    apply: `${command([python, "-m", "pip", "install", "--disable-pip-version-check", ...offline, "--upgrade", "pip"])} && : >${mark}\n`,
    timeoutSeconds: 600,
  };
}

/** A small text file of the environment. */
export function textStep(name: string, file: string, text: string): SetupStep {
  const wanted = `printf '%s' ${quote(text)}`;
  return {
    name,
    check: `${wanted} | cmp -s - ${quote(file)} || ${notDone(`${file} is not as it should be`)}\n`,
    apply: `mkdir -p ${quote(file.replace(/\/[^/]*$/, ""))} && ${wanted} >${quote(`${file}.partial`)} && mv ${quote(`${file}.partial`)} ${quote(file)}\n`,
    timeoutSeconds: 60,
  };
}

/** Removes an environment that muster has made. */
export function removeEnvironment(path: string): string {
  return `if [ -e ${quote(ownMark(path))} ]; then rm -rf -- ${quote(path)}; fi\n`;
}
