set -eu
python3 -m pip install --upgrade pip
git config --global --get-all safe.directory | grep -qxF /mnt/workspace/ms-swift || git config --global --add safe.directory /mnt/workspace/ms-swift
found=$(sed -n "s/^__version__ *= *['\"]\([^'\"]*\)['\"].*/\1/p" /mnt/workspace/ms-swift/swift/version.py)
if [ "$found" != 3.7.1 ]; then
  echo "error: "/mnt/workspace/ms-swift" is ms-swift $found, the image has "3.7.1 >&2
  echo "  remedy: git -C "/mnt/workspace/ms-swift" checkout v"3.7.1 >&2
  exit 1
fi
python3 -m pip install --no-deps --no-build-isolation -e /mnt/workspace/ms-swift
git config --global --get-all safe.directory | grep -qxF /mnt/workspace/Megatron-LM || git config --global --add safe.directory /mnt/workspace/Megatron-LM
python3 -m pip install -U swanlab ipykernel
