'use client';

import { Notice } from '#components/ui/notice.tsx';

export default function ErrorPage() {
  return (
    <Notice
      title="This page could not be shown"
      text="The gateway itself may well be serving. Try again in a moment."
      href="/"
      link="Try again"
    />
  );
}
