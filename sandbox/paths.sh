# shellcheck shell=bash
# Where the sandbox keeps its state, and how its scripts talk. Sourced by the scripts of this folder and by scripts/demo.
# Everything lies under .muster/sandbox of the checkout; only unix sockets may have to live elsewhere.

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SANDBOX=$CHECKOUT/sandbox
STATE=$CHECKOUT/.muster/sandbox

# A unix socket's path holds at most 107 bytes, and containerd appends about 40 to the exec root.
if ((${#STATE} <= 60)); then RUN=$STATE/run; else RUN=/run/muster-$(printf %s "$CHECKOUT" | sha256sum | cut -c1-12); fi
PRIVATE_DOCKER_HOST=unix://$RUN/docker.sock

# The Docker CLI reads ~/.docker and a context from there; the sandbox must not depend on either.
export DOCKER_CONFIG=$STATE/docker-cli
unset DOCKER_CONTEXT

BEGAN_MS=${BEGAN_MS:-$(date +%s%3N)}
export BEGAN_MS

# step TEXT: one line of progress with the seconds since the first script began. Goes to stderr; stdout is for results.
step() {
  local ms=$(($(date +%s%3N) - BEGAN_MS))
  printf '%4d.%d s  %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$*" >&2
}

# fail WHAT REMEDY: an error for the operator.
fail() {
  printf 'error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf '  remedy: %s\n' "$2" >&2
  exit 1
}
