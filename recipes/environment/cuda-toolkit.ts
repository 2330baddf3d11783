import { quote } from "../../remote/shell";
import { notDone, type SetupStep } from "./setup-step";

export interface CudaToolkit {
  /** CUDA_HOME. */
  readonly home: string;
  /** Two numbers, such as 12.4: that of torch, or extensions do not build. */
  readonly version: string;
  /** Shell that installs the toolkit into `home`; absent: it must be there. */
  readonly install?: string;
}

/**
 * Variables with which compilers find the toolkit. LD_LIBRARY_PATH is not among them: torch brings its own CUDA libraries, and the
 * toolkit's in front of them break it.
 */
export function cudaEnvironment(home: string): Record<string, string> {
  return {
    CUDA_HOME: home,
    CUDA_PATH: home,
    CUDACXX: `${home}/bin/nvcc`,
    CPATH: `${home}/include`,
    LIBRARY_PATH: `${home}/lib64`,
  };
}

/**
 * Shell that sets `target` to the folder of headers and libraries by the machine's architecture. A conda toolkit has one or several
 * below targets/, one from the .run installer has links to it.
 */
function targetFolder(home: string): string {
  const root = quote(home);
  return `target=
case $(uname -m) in
  x86_64) names=x86_64-linux ;;
  aarch64) names='sbsa-linux aarch64-linux' ;;
  *) names= ;;
esac
for name in $names; do
  if [ -z "$target" ] && [ -d ${root}/targets/"$name"/include ]; then target=${root}/targets/$name; fi
done
`;
}

/** Shell that ends with "not done" unless nvcc of the version, the headers and the libraries are where cudaEnvironment says. */
function look({ home, version }: CudaToolkit): string {
  const nvcc = `${home}/bin/nvcc`;
  return `[ -x ${quote(nvcc)} ] || ${notDone(`${nvcc} is not there`)}
found=$(${quote(nvcc)} --version 2>/dev/null | sed -n 's/.*release \\([0-9]*\\.[0-9]*\\).*/\\1/p')
[ "$found" = ${quote(version)} ] || { echo ${quote(`${nvcc} is of CUDA`)} "\${found:-unknown},"${quote(` ${version} is wanted`)}; exit 3; }
[ -e ${quote(`${home}/include/cuda_runtime.h`)} ] || ${notDone(`${home}/include has no cuda_runtime.h`)}
[ -e ${quote(`${home}/lib64`)} ] || ${notDone(`${home}/lib64 is not there`)}
`;
}

/**
 * The CUDA toolkit step: nvcc is found or installed, headers and libraries are where builds look. The notes' `ln -snf TARGET/include
 * CUDA_HOME/include` makes a link *inside* the folder that they have just made; here each header is linked, and nothing that is there is
 * replaced. /usr/local/cuda is never changed: it belongs to the host's other users.
 */
export function cudaToolkitStep(toolkit: CudaToolkit): SetupStep {
  const { home, version, install } = toolkit;
  const nvcc = quote(`${home}/bin/nvcc`);
  const bring =
    install === undefined
      ? `if ! [ -x ${nvcc} ]; then
  echo ${quote(`error: no CUDA toolkit in ${home}`)} >&2
  for other in "$(command -v nvcc)" /usr/local/cuda*/bin/nvcc /opt/cuda*/bin/nvcc; do
    [ -x "$other" ] || continue
    there=$(dirname "$(dirname "$(readlink -f "$other")")")
    echo "remedy: python.environment.cudaHome: $there (CUDA $("$other" --version | sed -n 's/.*release \\([0-9.]*\\).*/\\1/p'))" >&2
    exit 1
  done
  echo ${quote(`remedy: install CUDA toolkit ${version} and name its folder in python.environment.cudaHome, or use kind: conda, which brings it`)} >&2
  exit 1
fi
`
      : `if ! [ -x ${nvcc} ] || ! ${nvcc} --version | grep -q ${quote(`release ${version.replace(".", "\\.")},`)}; then
${install}fi
`;
  const root = quote(home);
  return {
    name: "cuda-toolkit",
    check: look(toolkit),
    apply: `set -eu
${bring}${targetFolder(home)}if [ -n "$target" ]; then
  mkdir -p ${root}/include
  for header in "$target"/include/*; do
    link=${root}/include/\${header##*/}
    if [ ! -e "$link" ] && [ ! -L "$link" ]; then ln -s "$header" "$link"; fi
  done
  if [ ! -e ${root}/lib64 ] && [ ! -L ${root}/lib64 ]; then ln -s "$target/lib" ${root}/lib64; fi
fi
found=$(${nvcc} --version | sed -n 's/.*release \\([0-9]*\\.[0-9]*\\).*/\\1/p')
if [ "$found" != ${quote(version)} ]; then
  echo ${quote(`error: the toolkit in ${home} is CUDA`)} "$found,"${quote(` torch is built for ${version}`)} >&2
  echo ${quote(`remedy: name one of CUDA ${version} in python.environment.cudaHome, or another torch`)} >&2
  exit 1
fi
`,
    timeoutSeconds: 3600,
  };
}
