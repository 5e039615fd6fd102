/** Why an action failed; nothing when it did not. */
export function ActionError({ error, className = '' }: { error: string; className?: string }) {
  return (
    <p role="alert" className={`break-words text-open empty:hidden ${className}`}>
      {error}
    </p>
  );
}
