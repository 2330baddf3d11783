# shellcheck shell=bash
# shellcheck disable=SC2034 # names for the scripts that source this
# The engine that fills an image store of the simulated hosts, and what a build of images needs around it.
# Sourced by build and build-on-train after sandbox/paths.sh. They set before it:
#   BUILDER   name of the engine's container
# and DOCKER_HOST and HOST_IMAGE before the engine is started.

IMAGES=$SANDBOX/images
STORE_VOLUME=muster-golden
TRAIN_IMAGE=muster-sim-train:dev
LOGS=$STATE/logs
WORK=$STATE/build

# The builder's socket lies in a folder that it shares with us; a socket's path holds at most 107 bytes.
SOCKETS=$STATE/sock
((${#SOCKETS} <= 90)) || SOCKETS=/run/muster-build-$(printf %s "$CHECKOUT" | sha256sum | cut -c1-12)

# digest FORMAT PATH...: of names, contents and exec bits. FORMAT: what makes something else of the same inputs.
digest() {
  local format=$1
  shift
  {
    echo "$format"
    find "$@" -type f -not -path '*/__pycache__/*' -printf '%P %m\n' | sed -E 's/ .?([0-7])[0-7]{2}$/ \1/' | sort
    find "$@" -type f -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 cat
  } | sha256sum | cut -c1-12
}

have_volume() { docker volume inspect $STORE_VOLUME >/dev/null 2>&1; }

# One build at a time in a checkout.
lock_builds() {
  mkdir -p "$STATE" "$DOCKER_CONFIG"
  exec 9>"$STATE/build.lock"
  flock -n 9 || { step "another build runs; waiting for it" && flock 9; }
}

# ---- clean-up, also of a build that was killed ----
clean() {
  docker rm -f "$BUILDER" >/dev/null 2>&1 || true
  if mountpoint -q "$WORK"; then umount -R -l "$WORK" || true; fi
  rm -rf --one-file-system "$WORK" "$SOCKETS" || true
}
ended() {
  local rc=$?
  if [ -n "${TRAIN_PID:-}" ]; then
    kill -- "-$TRAIN_PID" 2>/dev/null || true
    wait "$TRAIN_PID" || true
  fi
  clean
  exit $rc
}
begin_build() {
  trap ended EXIT
  trap 'exit 130' INT TERM
  clean
  mkdir -p "$LOGS" "$WORK"
}

# ---- the engine ----
# A container of the host image, on the machine's own network for pip.
builder() { docker -H "unix://$SOCKETS/d.sock" "$@"; }
start_builder() { # STORE
  mkdir -p "$SOCKETS" && chmod 700 "$SOCKETS"
  docker run -d --privileged --name "$BUILDER" --network host --entrypoint dockerd \
    -v $STORE_VOLUME:/golden -v "$SOCKETS:/sockets" "$HOST_IMAGE" --config-file /etc/docker/build.json \
    --data-root "/golden/$1" -H unix:///sockets/d.sock -G "$(id -g)" >/dev/null 2>"$LOGS/builder.log" ||
    { cat "$LOGS/builder.log" >&2; fail "the engine that fills the image store cannot be started"; }
  local _
  for _ in $(seq 300); do
    builder version >/dev/null 2>&1 && return
    sleep 0.1
  done
  docker logs "$BUILDER" 2>&1 | tail -5 >&2
  fail "the engine that fills the image store does not answer"
}
in_store() { docker run --rm --network none --entrypoint sh -v $STORE_VOLUME:/golden "$HOST_IMAGE" -ec "$1"; }
# A store whose engine ended in order is marked intact, and may be built upon.
stop_builder() { # STORE
  docker stop -t 30 "$BUILDER" >/dev/null
  docker rm "$BUILDER" >/dev/null
  in_store "touch '/golden/$1/intact'"
}

# new_store STORE LAST: a store begins as a copy of another one: layers as hard links (the engine never writes into a
# finished layer), the rest as files. Hosts keep using the old store; BuildKit finds all that has not changed.
# LAST is a pattern; the newest that is intact is taken.
new_store() {
  in_store "cd /golden; [ ! -e '$1/intact' ] || exit 0
    rm -rf '$1' '$1.new'
    last=\$(ls -td $2/intact | head -1); last=\${last%/intact}
    mkdir '$1.new'
    (cd \"\$last\"; tar -c --exclude='./overlay2/*/diff' --exclude=./intact --exclude=./seed .) | tar -C '$1.new' -x
    for layer in \"\$last\"/overlay2/*/diff; do cp -al \"\$layer\" \"$1.new/\${layer#*/}\"; done
    mv '$1.new' '$1'"
}

# drop_stores PATTERN KEEP: those that no host uses, but for KEEP.
drop_stores() {
  local used
  used=$(docker ps -aq | xargs -r docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' | sed -n 's/^SIM_STORE=//p' | sort -u | tr '\n' ' ')
  in_store "cd /golden
    for store in $1; do case \" $used$2 \" in *\" \$store \"*) ;; *) rm -rf \"\$store\" ;; esac; done"
}

# A CLI that can talk BuildKit: one with buildx, or one old enough to have it built in (Debian 12's docker.io, 20.10).
buildkit_cli() {
  local cli
  for cli in docker /usr/bin/docker; do
    if $cli buildx version >/dev/null 2>&1; then echo "$cli"; return; fi
    if $cli --version 2>/dev/null | grep -qE ' (19|20|22)\.'; then echo "$cli"; return; fi
  done
  fail "no Docker CLI here can talk BuildKit" "install Docker's buildx plugin, or Debian's docker.io"
}

pip_conf() {
  local file
  for file in "${PIP_CONFIG_FILE:-}" ~/.config/pip/pip.conf ~/.pip/pip.conf /etc/pip.conf; do
    if [ -f "$file" ]; then cat "$file"; break; fi
  done
  # The same section again: pip's parser refuses a doubled one, so a file of the machine yields to the environment.
}
write_pip_conf() {
  local name
  if [ -n "${PIP_INDEX_URL:-}${PIP_EXTRA_INDEX_URL:-}${PIP_TRUSTED_HOST:-}" ]; then
    echo '[global]'
    for name in INDEX_URL EXTRA_INDEX_URL TRUSTED_HOST; do
      local variable=PIP_$name
      [ -z "${!variable:-}" ] || echo "$(echo "$name" | tr A-Z_ a-z-) = ${!variable}"
    done
  else pip_conf; fi
}

# build_in_store LOG TAG CONTEXT ARGUMENT...: by BuildKit. The machine's CA bundle and pip configuration come as secrets.
build_in_store() {
  local log=$1 tag=$2 context=$3 authorities name
  local arguments=("${@:4}")
  authorities=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
  if [ -f "$authorities" ]; then arguments+=(--secret "id=ca,src=$authorities"); fi
  (umask 077 && write_pip_conf >"$WORK/pip.conf")
  if [ -s "$WORK/pip.conf" ]; then arguments+=(--secret "id=pipconf,src=$WORK/pip.conf"); fi
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [ -n "${!name:-}" ]; then arguments+=(--build-arg "$name"); fi
  done
  DOCKER_BUILDKIT=1 DOCKER_HOST=unix://$SOCKETS/d.sock "$(buildkit_cli)" build --network=host --progress=plain \
    "${arguments[@]}" -t "$tag" "$context" >"$log" 2>&1
}
