# environment
if (
[ -e /opt/envs/serve/muster/owner ] || { echo '/opt/envs/serve is no environment of muster'\''s'; exit 3; }
found=$(/opt/envs/serve/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || { echo '/opt/envs/serve/bin/python does not run'; exit 3; }
[ "$found" = 3.10 ] || { echo '/opt/envs/serve is of Python' "$found,"' 3.10 is wanted'; exit 3; }
); then :; else (
set -eu
if [ -e /opt/envs/serve ] && [ ! -e /opt/envs/serve/muster/owner ] && [ -n "$(ls -A /opt/envs/serve 2>/dev/null)" ]; then
  echo 'error: /opt/envs/serve is there and is not muster'\''s; remedy: move it away, or choose another python.environment.path' >&2
  exit 1
fi
base=
for program in python3.10 python3; do
  if [ -z "$base" ] && [ "$("$program" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.10 ]; then
    base=$(command -v "$program")
  fi
done
[ -n "$base" ] || { echo 'error: the host has no Python 3.10' >&2; echo 'remedy: apt-get install -y python3.10 python3.10-venv, or kind: conda, which brings its own' >&2; exit 1; }
if "$base" -c 'import ensurepip' 2>/dev/null; then
  "$base" -m venv --clear /opt/envs/serve
else
  echo 'error: this Python has no ensurepip; remedy: apt-get install -y python3.10-venv' >&2
  exit 1
fi
mkdir -p /opt/envs/serve/muster
: >/opt/envs/serve/muster/owner
) || exit; fi

# pip-config
if (
printf '%s' '[global]
index-url = https://mirror.example/simple
' | cmp -s - /opt/envs/serve/pip.conf || { echo '/opt/envs/serve/pip.conf is not as it should be'; exit 3; }
); then :; else (
mkdir -p /opt/envs/serve && printf '%s' '[global]
index-url = https://mirror.example/simple
' >/opt/envs/serve/pip.conf.partial && mv /opt/envs/serve/pip.conf.partial /opt/envs/serve/pip.conf
) || exit; fi

# pip
if (
/opt/envs/serve/bin/python -c 'from pip import __version__ as v; raise SystemExit([int(n) for n in v.split(".")[:2]] < [22,2])' 2>/dev/null || { echo 'pip is older than 22.2, or not there'; exit 3; }
); then :; else (
/opt/envs/serve/bin/python -m pip install --disable-pip-version-check --upgrade pip && : >/opt/envs/serve/muster/pip-upgraded
) || exit; fi

# constraints
if (
printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed>=0.14
flash-attn<2.9
megatron-core>=0.12,<0.16
ms-swift==3.12.6
peft>=0.11,<0.19
sglang>=0.4.6
torch==2.8.0
transformer-engine>=2.3
transformers==4.57.6
trl==0.24.0
vllm==0.11.0
' | cmp -s - /opt/envs/serve/muster/constraints.txt || { echo '/opt/envs/serve/muster/constraints.txt is not as it should be'; exit 3; }
); then :; else (
mkdir -p /opt/envs/serve/muster && printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed>=0.14
flash-attn<2.9
megatron-core>=0.12,<0.16
ms-swift==3.12.6
peft>=0.11,<0.19
sglang>=0.4.6
torch==2.8.0
transformer-engine>=2.3
transformers==4.57.6
trl==0.24.0
vllm==0.11.0
' >/opt/envs/serve/muster/constraints.txt.partial && mv /opt/envs/serve/muster/constraints.txt.partial /opt/envs/serve/muster/constraints.txt
) || exit; fi

# torch
if (
[ -x /opt/envs/serve/bin/python ] || { echo '/opt/envs/serve/bin/python is not there'; exit 3; }
/opt/envs/serve/bin/python /var/lib/muster/c/tools/requirements.py check torch==2.8.0
); then :; else (
/opt/envs/serve/bin/python -m pip install --disable-pip-version-check -c /opt/envs/serve/muster/constraints.txt torch==2.8.0
) || exit; fi

# ms-swift
if (
[ -x /opt/envs/serve/bin/python ] || { echo '/opt/envs/serve/bin/python is not there'; exit 3; }
/opt/envs/serve/bin/python /var/lib/muster/c/tools/requirements.py check ms-swift==3.12.6 transformers==4.57.6 trl==0.24.0
); then :; else (
/opt/envs/serve/bin/python -m pip install --disable-pip-version-check -c /opt/envs/serve/muster/constraints.txt ms-swift==3.12.6 transformers==4.57.6 trl==0.24.0
) || exit; fi

# cuda-toolkit
if (
[ -x /usr/local/cuda-12.8/bin/nvcc ] || { echo '/usr/local/cuda-12.8/bin/nvcc is not there'; exit 3; }
found=$(/usr/local/cuda-12.8/bin/nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
[ "$found" = 12.8 ] || { echo '/usr/local/cuda-12.8/bin/nvcc is of CUDA' "${found:-unknown},"' 12.8 is wanted'; exit 3; }
[ -e /usr/local/cuda-12.8/include/cuda_runtime.h ] || { echo '/usr/local/cuda-12.8/include has no cuda_runtime.h'; exit 3; }
[ -e /usr/local/cuda-12.8/lib64 ] || { echo '/usr/local/cuda-12.8/lib64 is not there'; exit 3; }
); then :; else (
set -eu
if ! [ -x /usr/local/cuda-12.8/bin/nvcc ]; then
  echo 'error: no CUDA toolkit in /usr/local/cuda-12.8' >&2
  for other in "$(command -v nvcc)" /usr/local/cuda*/bin/nvcc /opt/cuda*/bin/nvcc; do
    [ -x "$other" ] || continue
    there=$(dirname "$(dirname "$(readlink -f "$other")")")
    echo "remedy: python.environment.cudaHome: $there (CUDA $("$other" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p'))" >&2
    exit 1
  done
  echo 'remedy: install CUDA toolkit 12.8 and name its folder in python.environment.cudaHome, or use kind: conda, which brings it' >&2
  exit 1
fi
target=
case $(uname -m) in
  x86_64) names=x86_64-linux ;;
  aarch64) names='sbsa-linux aarch64-linux' ;;
  *) names= ;;
esac
for name in $names; do
  if [ -z "$target" ] && [ -d /usr/local/cuda-12.8/targets/"$name"/include ]; then target=/usr/local/cuda-12.8/targets/$name; fi
done
if [ -n "$target" ]; then
  mkdir -p /usr/local/cuda-12.8/include
  for header in "$target"/include/*; do
    link=/usr/local/cuda-12.8/include/${header##*/}
    if [ ! -e "$link" ] && [ ! -L "$link" ]; then ln -s "$header" "$link"; fi
  done
  if [ ! -e /usr/local/cuda-12.8/lib64 ] && [ ! -L /usr/local/cuda-12.8/lib64 ]; then ln -s "$target/lib" /usr/local/cuda-12.8/lib64; fi
fi
found=$(/usr/local/cuda-12.8/bin/nvcc --version | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
if [ "$found" != 12.8 ]; then
  echo 'error: the toolkit in /usr/local/cuda-12.8 is CUDA' "$found,"' torch is built for 12.8' >&2
  echo 'remedy: name one of CUDA 12.8 in python.environment.cudaHome, or another torch' >&2
  exit 1
fi
) || exit; fi

# vllm
if (
[ -x /opt/envs/serve/bin/python ] || { echo '/opt/envs/serve/bin/python is not there'; exit 3; }
/opt/envs/serve/bin/python /var/lib/muster/c/tools/requirements.py check vllm==0.11.0
); then :; else (
/opt/envs/serve/bin/python -m pip install --disable-pip-version-check -c /opt/envs/serve/muster/constraints.txt vllm==0.11.0
) || exit; fi

# verify
if (
[ -x /opt/envs/serve/bin/python ] || { echo '/opt/envs/serve/bin/python is not there'; exit 3; }
/opt/envs/serve/bin/python /var/lib/muster/c/tools/requirements.py check --constraints /opt/envs/serve/muster/constraints.txt ms-swift==3.12.6 torch==2.8.0 transformers==4.57.6 trl==0.24.0 vllm==0.11.0
); then :; else (
/opt/envs/serve/bin/python /var/lib/muster/c/tools/requirements.py broken /opt/envs/serve/muster/constraints.txt >/opt/envs/serve/muster/broken.txt || :
/opt/envs/serve/bin/python -m pip install --disable-pip-version-check --no-deps -r /opt/envs/serve/muster/broken.txt
) || exit; fi
