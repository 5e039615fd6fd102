/** What the arguments of `npm test` ask of the runner. */

const PROJECTS = ['unit', 'integration', 'conformance', 'e2e'];
const PROJECTS_WITHOUT_TOOLS = ['unit', 'conformance'];

/** A project's name alone selects it; everything else is the runner's own: paths and options. */
export function runnerArgs(args) {
  return args.map((arg) => (PROJECTS.includes(arg) ? `--project=${arg}` : arg));
}

/** Whether a server of Redis or a browser may be needed: not for unit and conformance tests chosen by name. */
export function needsTools(args) {
  return args.length === 0 || !args.every((arg) => PROJECTS_WITHOUT_TOOLS.includes(arg));
}
