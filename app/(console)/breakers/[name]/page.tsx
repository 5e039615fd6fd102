import { BreakerPage } from '#components/breakers/breaker-page.tsx';
import { getRuntime } from '#lib/runtime-handle.ts';

interface Props {
  params: Promise<{ name: string }>;
}

export async function generateMetadata({ params }: Props) {
  return { title: nameIn(await params) };
}

export default async function Page({ params }: Props) {
  const name = nameIn(await params);
  const shown = getRuntime()
    ?.snapshot([name])
    .components.find((each) => each.name === name);
  return <BreakerPage name={name} initial={shown ?? null} />;
}

/** As it stands in the address; what cannot be decoded is no component's name either. */
function nameIn({ name }: { name: string }): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
