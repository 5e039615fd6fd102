import { Notice } from '#components/ui/notice.tsx';

export default function NotFound() {
  return (
    <Notice
      title="There is no such page"
      text="The console lives at the root of this server."
      href="/"
      link="Open the console"
    />
  );
}
