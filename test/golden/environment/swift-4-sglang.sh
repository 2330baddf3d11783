# environment
if (
[ -e '/srv/my envs/swift/muster/owner' ] || { echo '/srv/my envs/swift is no environment of muster'\''s'; exit 3; }
found=$('/srv/my envs/swift/bin/python' -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || { echo '/srv/my envs/swift/bin/python does not run'; exit 3; }
[ "$found" = 3.12 ] || { echo '/srv/my envs/swift is of Python' "$found,"' 3.12 is wanted'; exit 3; }
); then :; else (
set -eu
if [ -e '/srv/my envs/swift' ] && [ ! -e '/srv/my envs/swift/muster/owner' ] && [ -n "$(ls -A '/srv/my envs/swift' 2>/dev/null)" ]; then
  echo 'error: /srv/my envs/swift is there and is not muster'\''s; remedy: move it away, or choose another python.environment.path' >&2
  exit 1
fi
base=
for program in python3.12 python3; do
  if [ -z "$base" ] && [ "$("$program" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.12 ]; then
    base=$(command -v "$program")
  fi
done
[ -n "$base" ] || { echo 'error: the host has no Python 3.12' >&2; echo 'remedy: apt-get install -y python3.12 python3.12-venv, or kind: conda, which brings its own' >&2; exit 1; }
if "$base" -c 'import ensurepip' 2>/dev/null; then
  "$base" -m venv --clear '/srv/my envs/swift'
else
  echo 'error: this Python has no ensurepip; remedy: apt-get install -y python3.12-venv' >&2
  exit 1
fi
mkdir -p '/srv/my envs/swift/muster'
: >'/srv/my envs/swift/muster/owner'
) || exit; fi

# pip
if (
'/srv/my envs/swift/bin/python' -c 'from pip import __version__ as v; raise SystemExit([int(n) for n in v.split(".")[:2]] < [22,2])' 2>/dev/null || { echo 'pip is older than 22.2, or not there'; exit 3; }
); then :; else (
'/srv/my envs/swift/bin/python' -m pip install --disable-pip-version-check --upgrade pip && : >'/srv/my envs/swift/muster/pip-upgraded'
) || exit; fi

# constraints
if (
printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed==0.18.9
flash-attn<2.9
mcore-bridge==1.6.2
megatron-core==0.18.0
ms-swift==4.5.2
peft>=0.15,<0.20
sglang>=0.4.6
torch==2.8.0
transformer-engine==2.16.0
transformers==4.57.6
trl==0.29.1
vllm>=0.5.1
' | cmp -s - '/srv/my envs/swift/muster/constraints.txt' || { echo '/srv/my envs/swift/muster/constraints.txt is not as it should be'; exit 3; }
); then :; else (
mkdir -p '/srv/my envs/swift/muster' && printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed==0.18.9
flash-attn<2.9
mcore-bridge==1.6.2
megatron-core==0.18.0
ms-swift==4.5.2
peft>=0.15,<0.20
sglang>=0.4.6
torch==2.8.0
transformer-engine==2.16.0
transformers==4.57.6
trl==0.29.1
vllm>=0.5.1
' >'/srv/my envs/swift/muster/constraints.txt.partial' && mv '/srv/my envs/swift/muster/constraints.txt.partial' '/srv/my envs/swift/muster/constraints.txt'
) || exit; fi

# torch
if (
[ -x '/srv/my envs/swift/bin/python' ] || { echo '/srv/my envs/swift/bin/python is not there'; exit 3; }
'/srv/my envs/swift/bin/python' /var/lib/muster/c/tools/requirements.py check torch==2.8.0
); then :; else (
'/srv/my envs/swift/bin/python' -m pip install --disable-pip-version-check -c '/srv/my envs/swift/muster/constraints.txt' torch==2.8.0
) || exit; fi

# ms-swift
if (
[ -x '/srv/my envs/swift/bin/python' ] || { echo '/srv/my envs/swift/bin/python is not there'; exit 3; }
'/srv/my envs/swift/bin/python' /var/lib/muster/c/tools/requirements.py check ms-swift==4.5.2 transformers==4.57.6 trl==0.29.1
); then :; else (
'/srv/my envs/swift/bin/python' -m pip install --disable-pip-version-check -c '/srv/my envs/swift/muster/constraints.txt' ms-swift==4.5.2 transformers==4.57.6 trl==0.29.1
) || exit; fi

# cuda-toolkit
if (
[ -x /usr/local/cuda/bin/nvcc ] || { echo '/usr/local/cuda/bin/nvcc is not there'; exit 3; }
found=$(/usr/local/cuda/bin/nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
[ "$found" = 12.8 ] || { echo '/usr/local/cuda/bin/nvcc is of CUDA' "${found:-unknown},"' 12.8 is wanted'; exit 3; }
[ -e /usr/local/cuda/include/cuda_runtime.h ] || { echo '/usr/local/cuda/include has no cuda_runtime.h'; exit 3; }
[ -e /usr/local/cuda/lib64 ] || { echo '/usr/local/cuda/lib64 is not there'; exit 3; }
); then :; else (
set -eu
if ! [ -x /usr/local/cuda/bin/nvcc ]; then
  echo 'error: no CUDA toolkit in /usr/local/cuda' >&2
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
  if [ -z "$target" ] && [ -d /usr/local/cuda/targets/"$name"/include ]; then target=/usr/local/cuda/targets/$name; fi
done
if [ -n "$target" ]; then
  mkdir -p /usr/local/cuda/include
  for header in "$target"/include/*; do
    link=/usr/local/cuda/include/${header##*/}
    if [ ! -e "$link" ] && [ ! -L "$link" ]; then ln -s "$header" "$link"; fi
  done
  if [ ! -e /usr/local/cuda/lib64 ] && [ ! -L /usr/local/cuda/lib64 ]; then ln -s "$target/lib" /usr/local/cuda/lib64; fi
fi
found=$(/usr/local/cuda/bin/nvcc --version | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
if [ "$found" != 12.8 ]; then
  echo 'error: the toolkit in /usr/local/cuda is CUDA' "$found,"' torch is built for 12.8' >&2
  echo 'remedy: name one of CUDA 12.8 in python.environment.cudaHome, or another torch' >&2
  exit 1
fi
) || exit; fi

# deepspeed
if (
[ -x '/srv/my envs/swift/bin/python' ] || { echo '/srv/my envs/swift/bin/python is not there'; exit 3; }
'/srv/my envs/swift/bin/python' /var/lib/muster/c/tools/requirements.py check deepspeed==0.18.9
); then :; else (
'/srv/my envs/swift/bin/python' -m pip install --disable-pip-version-check -c '/srv/my envs/swift/muster/constraints.txt' deepspeed==0.18.9
) || exit; fi

# build-tools
if (
[ -x '/srv/my envs/swift/bin/python' ] || { echo '/srv/my envs/swift/bin/python is not there'; exit 3; }
'/srv/my envs/swift/bin/python' /var/lib/muster/c/tools/requirements.py check pybind11 setuptools wheel ninja packaging psutil
); then :; else (
'/srv/my envs/swift/bin/python' -m pip install --disable-pip-version-check -c '/srv/my envs/swift/muster/constraints.txt' pybind11 setuptools wheel ninja packaging psutil
) || exit; fi

# transformer-engine
if (
[ -x '/srv/my envs/swift/bin/python' ] || { echo '/srv/my envs/swift/bin/python is not there'; exit 3; }
'/srv/my envs/swift/bin/python' /var/lib/muster/c/tools/requirements.py check 'transformer-engine[pytorch]==2.16.0'
); then :; else (
set -eu
export CUDA_HOME=/usr/local/cuda
export CUDA_PATH=/usr/local/cuda
export CUDACXX=/usr/local/cuda/bin/nvcc
export CPATH=/usr/local/cuda/include
export LIBRARY_PATH=/usr/local/cuda/lib64
export MAX_JOBS=8
PATH='/srv/my envs/swift/bin':/usr/local/cuda/bin:$PATH
export PATH
'/srv/my envs/swift/bin/python' -m pip install --disable-pip-version-check --no-build-isolation -c '/srv/my envs/swift/muster/constraints.txt' 'transformer-engine[pytorch]==2.16.0'
) || exit; fi

# megatron-core
if (
[ -x '/srv/my envs/swift/bin/python' ] || { echo '/srv/my envs/swift/bin/python is not there'; exit 3; }
'/srv/my envs/swift/bin/python' /var/lib/muster/c/tools/requirements.py check megatron-core==0.18.0 mcore-bridge==1.6.2
); then :; else (
'/srv/my envs/swift/bin/python' -m pip install --disable-pip-version-check -c '/srv/my envs/swift/muster/constraints.txt' megatron-core==0.18.0 mcore-bridge==1.6.2
) || exit; fi

# verify
if (
[ -x '/srv/my envs/swift/bin/python' ] || { echo '/srv/my envs/swift/bin/python is not there'; exit 3; }
'/srv/my envs/swift/bin/python' /var/lib/muster/c/tools/requirements.py check --constraints '/srv/my envs/swift/muster/constraints.txt' ms-swift==4.5.2 torch==2.8.0 transformers==4.57.6 trl==0.29.1 deepspeed==0.18.9 pybind11 setuptools wheel ninja packaging psutil megatron-core==0.18.0 mcore-bridge==1.6.2 'transformer-engine[pytorch]==2.16.0'
); then :; else (
'/srv/my envs/swift/bin/python' /var/lib/muster/c/tools/requirements.py broken '/srv/my envs/swift/muster/constraints.txt' >'/srv/my envs/swift/muster/broken.txt' || :
'/srv/my envs/swift/bin/python' -m pip install --disable-pip-version-check --no-deps -r '/srv/my envs/swift/muster/broken.txt'
) || exit; fi
