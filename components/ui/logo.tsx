/** An open switch. */
export function Logo() {
  return (
    <svg viewBox="0 0 26 16" width="26" height="16" aria-hidden className="shrink-0">
      <g fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round">
        <path d="M1 11h6M19 11h6M8 10l9-7" />
        <circle cx="7.5" cy="11" r="1.8" fill="currentColor" />
        <circle cx="18.5" cy="11" r="1.8" fill="currentColor" />
      </g>
    </svg>
  );
}
