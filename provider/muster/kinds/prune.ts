import { quote } from "../../../remote/shell";

/** What is muster's own on a host. */
const OWN_ROOT = "/var/lib/muster";

/** Shell lines that remove folders which have become empty, and their empty parents below muster's own root. */
export function pruneScript(folders: readonly string[]): string {
  return `for d in ${folders.map(quote).join(" ")}; do
  while :; do
    case $d in ${OWN_ROOT}/*) ;; *) break ;; esac
    case $d in ${OWN_ROOT}/*/*) ;; *)
      # The stack's stamp goes with the last that is there of it (remote/ownership.ts).
      [ "$(ls -A -- "$d" 2>/dev/null)" != owner ] || rm -f -- "$d/owner" ;;
    esac
    rmdir -- "$d" 2>/dev/null || [ ! -e "$d" ] || break
    d=\${d%/*}
  done
done
`;
}
