import { BreakerPage } from '#components/breakers/breaker-page.tsx';

interface Props {
  params: Promise<{ name: string }>;
}

export async function generateMetadata({ params }: Props) {
  return { title: nameIn(await params) };
}

export default async function Page({ params }: Props) {
  return <BreakerPage name={nameIn(await params)} />;
}

/** As it stands in the address; what cannot be decoded is no component's name either. */
function nameIn({ name }: { name: string }): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
