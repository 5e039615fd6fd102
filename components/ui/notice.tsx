/** A page that has nothing to show but a sentence and a way on. */
export function Notice({
  title,
  text,
  href,
  link,
}: {
  title: string;
  text: string;
  href: string;
  link: string;
}) {
  return (
    <main className="mx-auto mt-24 max-w-md px-4">
      <h1 className="text-2xl font-semibold">{title}</h1>
      <p className="mt-2 text-muted">{text}</p>
      {/* A whole new load: what went wrong may be in the page's own state. */}
      <a className="mt-4 inline-block text-accent underline underline-offset-4" href={href}>
        {link}
      </a>
    </main>
  );
}
