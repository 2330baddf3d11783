# shellcheck shell=bash
# Sourced by demo, test and bench: makes sure that the machine has what the project needs, or says what to install.

# The registry packages of package-lock.json, installed once per lockfile; the build and the command's link come with `prepare`.
need_node_modules() {
  local stamp=node_modules/.muster-lock
  if [ -f "$stamp" ] && cmp -s package-lock.json "$stamp"; then return 0; fi
  command -v npm >/dev/null || { echo "error: npm is missing. fix: install Node.js 20 or newer" >&2; return 1; }
  npm ci --no-audit --no-fund >&2 || return 1
  cp package-lock.json "$stamp"
}

# Compiles what is newer than what was compiled last.
need_build() {
  if [ -e dist/cli/main.js ] && [ -e dist/.tsbuildinfo ] &&
    [ -z "$(find . -name '*.ts' -newer dist/.tsbuildinfo -not -path './node_modules/*' -print -quit)" ]; then return 0; fi
  echo "building" >&2
  npm run --silent build >&2 && node scripts/link-bin.js
}

# need_packages PACKAGE:PROGRAM...  installs the Debian packages whose program is not there.
need_packages() {
  local wanted=() pair program
  for pair in "$@"; do
    program=${pair#*:}
    command -v "$program" >/dev/null 2>&1 || [ -x "$program" ] || wanted+=("${pair%%:*}")
  done
  [ ${#wanted[@]} -eq 0 ] && return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "error: these packages are missing: ${wanted[*]}. fix: install them (on Debian or Ubuntu: sudo apt-get install ${wanted[*]})" >&2
    return 1
  fi
  apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >&2
}
