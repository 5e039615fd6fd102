import { LoginForm } from '#components/login/login-form.tsx';
import { nextPathOf } from '#lib/access/next-path.ts';

export default async function LoginPage({ searchParams }: PageProps<'/login'>) {
  const { next } = await searchParams;
  return <LoginForm next={nextPathOf(Array.isArray(next) ? next[0] : next)} />;
}
