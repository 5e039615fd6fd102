/** Which models an upstream serves, by the globs of its configuration. */
import picomatch from 'picomatch';

/**
 * A matcher over model names. `*` spans everything, slashes included (`*` alone serves all). Ollama's implicit tag
 * counts: `llama3` is `llama3:latest`.
 */
export function modelMatcher(globs: readonly string[]): (model: string) => boolean {
  // picomatch takes names for paths, and drops a leading `./` that the star should match.
  if (globs.includes('*')) return () => true;
  // With `bash`, a star spans slashes: model names are not paths.
  const matches = picomatch([...globs], { bash: true, dot: true, nonegate: true });
  return (model) => matches(model) || (!model.includes(':') && matches(`${model}:latest`));
}
