/**
 * Arguments of `spawn` for a program that must not outlive this process, however that ends: the kernel kills it then
 * (prctl PR_SET_PDEATHSIG, through util-linux's setpriv, which becomes the program and so keeps its process id).
 */
export function leashed(program: string, ...argv: string[]): [string, string[]] {
  return ["setpriv", ["--pdeathsig", "KILL", program, ...argv]];
}
